const ISO =
  /^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|z|[+-]\d{2}:?\d{2})?)?$/;

/** First and last ms that Python can hold; Postgres holds more. */
export const MIN_MS = Date.parse('0001-01-01T00:00:00Z');
export const MAX_MS = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * ISO 8601 as Celery reads it: exactly six fraction digits (5.2 takes the fraction for a count of microseconds, so three
 * would be a thousandth of what is meant), with an offset.
 * @throws RangeError when the time is outside of the years 1 to 9999, which Python cannot hold.
 */
export function isoTime(ms: number): string {
  if (!(ms >= MIN_MS && ms <= MAX_MS))
    throw new RangeError(`${ms} is no time that can be sent: years 1 to 9999, in ms`);
  return `${new Date(ms).toISOString().slice(0, 23)}000+00:00`;
}

/** ms since the epoch, or undefined when the text is no ISO 8601 time. Without an offset it is UTC, Celery's default. */
export function parseIsoTime(text: string): number | undefined {
  const found = ISO.exec(text);
  if (!found) return undefined;
  const [, year, month, day = '1', hour = '0', minute = '0', second = '0', fraction = '', zone] = found;
  const fields = [+year!, +month! - 1, +day, +hour, +minute, +second] as const;
  const date = new Date(0);
  date.setUTCFullYear(fields[0], fields[1], fields[2]);
  date.setUTCHours(fields[3], fields[4], fields[5], Math.trunc(+`${fraction}000`.slice(0, 3)));
  const rolledOver =
    date.getUTCMonth() !== fields[1] ||
    date.getUTCDate() !== fields[2] ||
    date.getUTCHours() !== fields[3] ||
    date.getUTCMinutes() !== fields[4] ||
    date.getUTCSeconds() !== fields[5];
  if (rolledOver) return undefined;
  const offset = offsetMinutes(zone);
  const ms = offset === undefined ? NaN : date.getTime() - offset * 60_000;
  return ms >= MIN_MS && ms <= MAX_MS ? ms : undefined;
}

function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const hours = +zone.slice(1, 3);
  const minutes = +zone.slice(-2);
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
