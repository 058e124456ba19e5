import { formatDuration } from '../format.ts';
import { formatAbsolute, formatRelative } from './format-time.ts';
import { useTimed } from './now.ts';
import { useTimePreferences } from './time-preferences.ts';

/** A moment, relative or absolute as the user chose; the other one on hover. `precise`: with milliseconds. */
export function RelativeTime({ value, precise }: { value: string | number | Date; precise?: boolean }) {
  const { mode, zone } = useTimePreferences();
  const at = new Date(value);
  const valid = !Number.isNaN(at.getTime());
  const relative = useTimed((now) => (valid ? formatRelative(at, now) : '–'));
  if (!valid) return <>–</>;
  const absolute = formatAbsolute(at, zone, precise);
  return (
    <time dateTime={at.toISOString()} title={mode === 'relative' ? `${absolute} ${zone}` : relative}>
      {mode === 'relative' ? relative : absolute}
    </time>
  );
}

/** A length of time: `840 ms`, `3 min 4 s`; the whole milliseconds on hover. */
export function Duration({ ms }: { ms: number | null | undefined }) {
  if (ms === null || ms === undefined) return <>–</>;
  return <span title={`${ms} ms`}>{formatDuration(ms)}</span>;
}

/** From a moment until now, counting on. */
export function Since({ value }: { value: string | number | Date }) {
  const at = new Date(value).getTime();
  return <>{useTimed((now) => formatDuration(Math.max(0, now - at)))}</>;
}
