import cronstrue from 'cronstrue';
import type { ScheduleDocument } from '@lovage/http-api';
import { formatDuration } from '../../ui/format.ts';

/** When it fires, in words: `At 07:00, Monday through Friday (Europe/Stockholm)`, `Every 1 h`. */
export function whenInWords({ cron, every, timeZone }: Pick<ScheduleDocument, 'cron' | 'every' | 'timeZone'>): string {
  if (every !== null) return `Every ${formatDuration(every * 1_000)}`;
  if (cron === null) return 'Never';
  try {
    return `${cronstrue.toString(cron, { use24HourTimeFormat: true })} (${timeZone ?? 'UTC'})`;
  } catch {
    // What the gateway takes and these words do not know is shown as it is.
    return `${cron} (${timeZone ?? 'UTC'})`;
  }
}

/** Why it has no next firing; undefined: it has. */
export function reasonNot({
  paused,
  enabled,
  stated,
  source,
}: Pick<ScheduleDocument, 'paused' | 'enabled' | 'stated' | 'source'>): string | undefined {
  if (paused) return 'Paused';
  if (!enabled) return source === 'code' ? 'Switched off in the code' : 'Switched off';
  if (source === 'code' && !stated) return 'No beat that runs has it in its code';
  return undefined;
}

/** What becomes of moments that were missed. */
export function catchUpInWords(catchUp: ScheduleDocument['catchUp']): string {
  if (catchUp === 'skip') return 'are left out';
  if (catchUp === 'latest') return 'the newest fires';
  return `the newest ${catchUp.all} fire`;
}
