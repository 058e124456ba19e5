import fc from 'fast-check';
import { durationMs, type Duration } from './duration.ts';

describe('durationMs', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1.5s', 1500],
    ['0s', 0],
    [2, 2000],
    [0.25, 250],
    [0, 0],
  ] as [Duration, number][])('%p is %i ms', (duration, ms) => expect(durationMs(duration)).toBe(ms));

  it('rounds to whole ms', () => {
    expect(durationMs(0.0004)).toBe(0);
    expect(durationMs('1.6ms')).toBe(2);
  });

  it('reads a number as seconds', () => {
    fc.assert(fc.property(fc.nat(1e9), (seconds) => expect(durationMs(seconds)).toBe(durationMs(`${seconds}s`))));
  });

  it.each(['', '5', 's', '-1s', '1 s', '1e3s', '1.s', '.5s', '1s2s', '1S', '1 second', `${'9'.repeat(400)}s`])(
    'refuses the text %p',
    (text) => expect(() => durationMs(text as Duration)).toThrow(RangeError),
  );

  it.each([-1, NaN, Infinity, 1e306, null, undefined, {}, 5n, Symbol('s'), true])('refuses %p', (value) => {
    expect(() => durationMs(value as Duration)).toThrow(RangeError);
  });

  it('names what it was given, and what it wants', () => {
    expect(() => durationMs('soon' as Duration)).toThrow(/"soon".*"500ms"/);
    expect(() => durationMs(NaN)).toThrow(/NaN/);
  });
});
