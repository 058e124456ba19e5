import { parse } from '@lukeed/ms';

/** A length of time as people write it: a number of **seconds**, or a text with a unit: `'500ms'`, `'10s'`, `'2m'`, `'1h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;

/**
 * A {@link Duration} in whole milliseconds.
 * @throws RangeError when it is no duration, negative or not finite.
 */
export function durationMs(duration: Duration): number {
  const ms =
    typeof duration === 'number'
      ? duration * 1000
      : /^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(duration)
        ? parse(duration)
        : undefined;
  if (ms === undefined || !Number.isFinite(ms) || ms < 0)
    throw new RangeError(
      `not a duration: ${JSON.stringify(duration)}; write seconds as a number, or a text such as "500ms", "10s", "2m", "1h"`,
    );
  return Math.round(ms);
}
