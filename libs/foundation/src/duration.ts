/** A length of time as people write it: a number of **seconds**, or a text with a unit: `'500ms'`, `'10s'`, `'2m'`, `'1h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * A {@link Duration} in whole milliseconds.
 * @throws RangeError when it is no duration, negative or not finite.
 */
export function durationMs(duration: Duration): number {
  const ms = typeof duration === 'number' ? duration * 1000 : typeof duration === 'string' ? textMs(duration) : NaN;
  if (!Number.isFinite(ms) || ms < 0)
    throw new RangeError(
      `not a duration: ${typeof duration === 'string' ? JSON.stringify(duration) : String(duration)}; ` +
        'write seconds as a number, or a text such as "500ms", "10s", "2m", "1h"',
    );
  return Math.round(ms);
}

function textMs(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text);
  return found ? Number(found[1]) * UNIT_MS[found[2]!]! : NaN;
}
