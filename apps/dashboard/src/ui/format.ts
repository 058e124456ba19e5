const SHORT_FROM = 10_000;
const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `9,812`; from 10,000 on short: `12.4 k`. */
export function formatCount(value: number): string {
  if (Math.abs(value) < SHORT_FROM) return whole.format(value);
  const text = short.format(value);
  return text.replace(/([KMBT])$/, (unit) => ` ${unit === 'K' ? 'k' : unit}`);
}

/** Every digit: `12,431`. */
export function formatWhole(value: number): string {
  return whole.format(value);
}

/** A rate a second: `0.4/s`, `312/s`. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond < 0.01) return '< 0.01/s';
  if (perSecond < 10) return `${Number(perSecond.toFixed(perSecond < 1 ? 2 : 1))}/s`;
  return `${formatCount(Math.round(perSecond))}/s`;
}

/** `840 ms`, `1.2 s`, `3 min 4 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const sign = ms < 0 ? '-' : '';
  const value = Math.abs(ms);
  if (value < 10 && value !== Math.round(value)) return `${sign}${value.toFixed(1)} ms`;
  if (value < 1_000) return `${sign}${Math.round(value)} ms`;
  if (value < 9_950) return `${sign}${Number((value / 1_000).toFixed(1))} s`;
  const seconds = Math.round(value / 1_000);
  if (seconds < 60) return `${sign}${seconds} s`;
  const two = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    `${sign}${big} ${bigUnit}${small > 0 ? ` ${small} ${smallUnit}` : ''}`;
  if (seconds < 3_600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  if (seconds < 86_400) return two(Math.floor(seconds / 3_600), 'h', Math.floor((seconds % 3_600) / 60), 'min');
  return two(Math.floor(seconds / 86_400), 'd', Math.floor((seconds % 86_400) / 3_600), 'h');
}

/** `512 B`, `1.4 KiB`, `20 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`;
}

/** The middle left out: `0198c1f2…9a3e`. For ids; long words are cut at their end by CSS. */
export function cutMiddle(text: string, most = 14): string {
  if (text.length <= most) return text;
  const head = Math.ceil((most - 1) * 0.62);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}

/** `1 task`, `12 tasks`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatWhole(count)} ${count === 1 ? one : many}`;
}
