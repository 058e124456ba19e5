import fc from 'fast-check';
import { backoffDelayMs, type BackoffPolicy } from './backoff.ts';

const policy: fc.Arbitrary<BackoffPolicy> = fc.record({
  kind: fc.constantFrom('exponential', 'linear', 'fixed'),
  delayMs: fc.nat(1e9),
  maxDelayMs: fc.nat(1e9),
  jitter: fc.boolean(),
});
const retries = fc.integer({ min: 1, max: 100_000 });

describe('backoffDelayMs', () => {
  const base = { delayMs: 100, maxDelayMs: 1000, jitter: false } as const;

  it.each([
    ['exponential', [100, 200, 400, 800, 1000, 1000]],
    ['linear', [100, 200, 300, 400, 500, 600]],
    ['fixed', [100, 100, 100, 100, 100, 100]],
  ] as const)('%s', (kind, waits) => {
    expect([1, 2, 3, 4, 5, 6].map((retry) => backoffDelayMs({ ...base, kind }, retry))).toEqual(waits);
  });

  it('is a whole number of ms, never past the longest wait', () => {
    fc.assert(
      fc.property(
        policy,
        retries,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (given, retry, random) => {
          const wait = backoffDelayMs(given, retry, () => random);
          expect(Number.isInteger(wait)).toBe(true);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(given.maxDelayMs);
        },
      ),
    );
  });

  it('never shrinks from one retry to the next', () => {
    fc.assert(
      fc.property(policy, retries, (given, retry) => {
        const steady = { ...given, jitter: false };
        expect(backoffDelayMs(steady, retry + 1)).toBeGreaterThanOrEqual(backoffDelayMs(steady, retry));
      }),
    );
  });

  it('draws the wait evenly from zero to the computed one', () => {
    const jittered = { ...base, kind: 'exponential', jitter: true } as const;
    expect([0, 0.25, 0.5, 0.999].map((random) => backoffDelayMs(jittered, 3, () => random))).toEqual([
      0, 100, 200, 400,
    ]);
  });

  it('takes a retry below one for the first', () => {
    expect(backoffDelayMs({ ...base, kind: 'exponential' }, 0)).toBe(100);
  });
});
