const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** A moment as an axis shows it: as much of it as tells one from the next. `step`: seconds between two. */
export function formatTick(seconds: number, step: number, zone: string): string {
  const at = new Date(seconds * 1_000);
  const parts: Intl.DateTimeFormatOptions =
    step >= DAY
      ? { day: '2-digit', month: 'short' }
      : step >= 6 * HOUR
        ? { weekday: 'short', hour: '2-digit', minute: '2-digit' }
        : step >= MINUTE
          ? { hour: '2-digit', minute: '2-digit' }
          : { hour: '2-digit', minute: '2-digit', second: '2-digit' };
  return new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...parts }).format(at);
}
