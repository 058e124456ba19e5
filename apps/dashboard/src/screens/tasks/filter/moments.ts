import type { MomentText } from './filter.ts';

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const UNIT_WORDS = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' } as const;
const AGO = /^(\d{1,6})([smhdw])$/;
const AT = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** What a moment is relative to. */
export interface MomentContext {
  /** ms since 1970. */
  readonly now: number;
  /** IANA name of the zone of times without an offset. */
  readonly zone: string;
}

/** The one way of writing a moment, or undefined for any other text: `1H` is `1h`, `2026-11-29t09:30z` has capitals. */
export function momentOf(text: string): MomentText | undefined {
  const ago = AGO.exec(text.toLowerCase());
  if (ago) return `${Number(ago[1])}${ago[2]}`;
  const at = text.toUpperCase();
  return partsOf(at) === undefined ? undefined : at;
}

/** Whether it is a day without a time of day. */
export const isDay = (moment: MomentText): boolean => /^\d{4}-\d\d-\d\d$/.test(moment);

/** The day after a day. */
export function nextDay(day: MomentText): MomentText {
  return new Date(Date.parse(`${day}T00:00:00Z`) + UNITS.d).toISOString().slice(0, 10);
}

/** `the last 2 hours` has the words of this: `2 hours ago`. */
export function momentWords(moment: MomentText): string {
  const [, count, unit] = AGO.exec(moment) ?? [];
  if (count === undefined) return moment.replace('T', ' ');
  return `${count} ${UNIT_WORDS[unit as keyof typeof UNITS]}${count === '1' ? '' : 's'} ago`;
}

/** The moment as ms since 1970. */
export function momentMs(moment: MomentText, { now, zone }: MomentContext): number {
  const [, count, unit] = AGO.exec(moment) ?? [];
  if (count !== undefined) return now - Number(count) * UNITS[unit as keyof typeof UNITS];
  const parts = partsOf(moment);
  if (!parts) throw new RangeError(`no moment: ${moment}`);
  return parts.offset === undefined ? zonedMs(parts.local, zone) : parts.local - parts.offset;
}

/** `local`: its clock as if it were UTC. Undefined: there is no such time. */
function partsOf(text: string): { local: number; offset: number | undefined } | undefined {
  const [whole, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', offset] =
    AT.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const same = new Date(local).toISOString().startsWith(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
  if (!same || Number(year) < 1970) return undefined;
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(offset ?? '') ?? [];
  if (Number(hours ?? 0) > 23 || Number(minutes ?? 0) > 59) return undefined;
  const minutesOff = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1);
  const ms = Number(fraction.padEnd(3, '0'));
  return { local: local + ms, offset: offset === undefined ? undefined : minutesOff * UNITS.m };
}

/** The moment at which clocks of a zone show this; where they skip it, the moment that clocks would have had before. */
function zonedMs(local: number, zone: string): number {
  const first = local - offsetAt(local, zone);
  return local - offsetAt(first, zone);
}

function offsetAt(ms: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const { year, month, day, hour, minute, second } = parts;
  return Date.UTC(year!, month! - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}
