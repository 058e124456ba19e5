import { durationMs, type Duration } from '@lovage/foundation';
import { Cron } from 'croner';

/** When a schedule's moments come. Plain data: the same text always gives the same moments, on every machine. */
export type Timing =
  | { readonly kind: 'cron'; readonly cron: string; readonly timeZone: string }
  /** Moments are whole multiples of it since 1970-01-01T00:00:00Z. */
  | { readonly kind: 'every'; readonly everyMs: number };

const SHORTEST_MS = 1000;
const LONGEST_MS = 366 * 24 * 3600 * 1000;
const MODE = '5-or-6-parts';

/** @throws RangeError telling what is wrong with the pattern or the time zone. */
export function cronTiming(cron: string, timeZone = 'UTC'): Timing {
  if (typeof cron !== 'string' || cron.length > 200) throw new RangeError('cron: must be a text such as "0 3 * * *"');
  // croner reads "?" as "any" in some places and other programs as "the time of the start": nobody would know which.
  if (cron.includes('?')) throw new RangeError('cron: "?" is not understood; write "*"');
  if (!isTimeZone(timeZone))
    throw new RangeError(`timeZone: ${JSON.stringify(timeZone)} is no IANA time zone such as "Europe/Stockholm"`);
  const timing: Timing = { kind: 'cron', cron, timeZone };
  let first: number | undefined;
  try {
    first = nextMoment(timing, Date.UTC(2024, 0, 1));
  } catch (error) {
    throw new RangeError(`cron: ${JSON.stringify(cron)}: ${(error as Error).message.replace(/^Cron\w+: /, '')}`, {
      cause: error,
    });
  }
  if (first === undefined) throw new RangeError(`cron: ${JSON.stringify(cron)} never comes`);
  return timing;
}

/** @throws RangeError */
export function everyTiming(every: Duration): Timing {
  let everyMs: number;
  try {
    everyMs = durationMs(every);
  } catch (error) {
    throw new RangeError(`every: ${(error as Error).message}`, { cause: error });
  }
  if (everyMs < SHORTEST_MS || everyMs > LONGEST_MS) throw new RangeError('every: must be from one second to 366 days');
  return { kind: 'every', everyMs };
}

/**
 * The first moment after a time, ms since the epoch; undefined when there is none.
 *
 * Where clocks are set back or forward it is croner's rule: a pattern with one value each for second, minute and hour
 * (`30 2 * * *`) comes once in the hour that is there twice, and at the first moment after a gap that swallowed it; any
 * other pattern comes in both hours, and not in the gap.
 */
export function nextMoment(timing: Timing, afterMs: number): number | undefined {
  if (timing.kind === 'every') return (Math.floor(afterMs / timing.everyMs) + 1) * timing.everyMs;
  return cronOf(timing.cron, timing.timeZone).nextRun(new Date(afterMs))?.getTime();
}

/** Whether both give the same moments. */
export function sameTiming(a: Timing, b: Timing): boolean {
  if (a.kind === 'every') return b.kind === 'every' && a.everyMs === b.everyMs;
  return b.kind === 'cron' && a.cron === b.cron && a.timeZone === b.timeZone;
}

/** Patterns read once. Few: those of the schedules that this process knows. */
const patterns = new Map<string, Cron>();
const MAX_PATTERNS = 1000;

function cronOf(cron: string, timeZone: string): Cron {
  const key = `${timeZone} ${cron}`;
  let pattern = patterns.get(key);
  if (!pattern) {
    // Without a function to call it makes no timer.
    pattern = new Cron(cron, { timezone: timeZone, mode: MODE, paused: true });
    if (patterns.size >= MAX_PATTERNS) patterns.clear();
    patterns.set(key, pattern);
  }
  return pattern;
}

function isTimeZone(timeZone: unknown): boolean {
  if (typeof timeZone !== 'string' || timeZone === '') return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}
