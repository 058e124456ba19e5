import type { StatsDocument } from '@lovage/http-api';
import { formatAbsolute } from '../ui/time/format-time.ts';
import { useTimePreferences } from '../ui/time/time-preferences.ts';

const REASON =
  'A beat counts ended tasks some seconds after their end; later while a long transaction is open in PostgreSQL.';

/** Up to when charts and shares know what ended, where they are shown for a time that goes on. */
export function CountedTo({ stats }: { stats: StatsDocument | undefined }) {
  const { zone } = useTimePreferences();
  if (!stats || (stats.countedTo !== null && stats.countedTo >= stats.to)) return null;
  if (stats.countedTo === null) return <span title={REASON}>No ended task is counted yet.</span>;
  const [day, time] = formatAbsolute(new Date(stats.countedTo), zone).split(' ') as [string, string];
  const [today] = formatAbsolute(new Date(stats.to), zone).split(' ');
  return (
    <span title={REASON}>
      Ended tasks are counted up to <time dateTime={stats.countedTo}>{day === today ? time : `${day} ${time}`}</time>.
    </span>
  );
}
