const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options })));
  return format;
}

/** `2026-11-29 21:43:12.345`; milliseconds where `precise`. */
export function formatAbsolute(at: Date, zone: string, precise = false): string {
  const parts = formatOf(zone, {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
    ...(precise && { fractionalSecondDigits: 3 }),
    hourCycle: 'h23',
  }).formatToParts(at);
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  const day = `${of('year')}-${of('month')}-${of('day')}`;
  const time = `${of('hour')}:${of('minute')}:${of('second')}`;
  return `${day} ${time}${precise ? `.${of('fractionalSecond')}` : ''}`;
}

/** `now`, `12 s ago`, `in 3 min`, `2 h ago`, `5 d ago`. */
export function formatRelative(at: Date, now: number): string {
  const ms = at.getTime() - now;
  const seconds = Math.round(Math.abs(ms) / 1_000);
  if (seconds < 2) return 'now';
  const text =
    seconds < 60
      ? `${seconds} s`
      : seconds < 3_600
        ? `${Math.floor(seconds / 60)} min`
        : seconds < 86_400
          ? `${Math.floor(seconds / 3_600)} h`
          : `${Math.floor(seconds / 86_400)} d`;
  return ms < 0 ? `${text} ago` : `in ${text}`;
}
