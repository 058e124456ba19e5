import fc from 'fast-check';
import { modelRuns } from '@lovage/testing';
import { RateWorld, type PacedRate, type RateStep } from '../testing/rate-world.ts';

const step: fc.Arbitrary<RateStep> = fc.oneof(
  { arbitrary: fc.record({ op: fc.constant('submit'), count: fc.integer({ min: 1, max: 40 }) }), weight: 3 },
  {
    arbitrary: fc.record({
      op: fc.constant('pass'),
      ms: fc.integer({ min: 1, max: 3000 }),
      jitterMs: fc.constantFrom(0, 5, 40),
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ op: fc.constant('stall'), ms: fc.integer({ min: 1, max: 20_000 }) }), weight: 2 },
  { arbitrary: fc.record({ op: fc.constant('silence'), ms: fc.integer({ min: 1, max: 20_000 }) }), weight: 1 },
  { arbitrary: fc.record({ op: fc.constant('crash') }), weight: 1 },
  { arbitrary: fc.record({ op: fc.constant('clock'), ms: fc.integer({ min: -3_600_000, max: 60_000 }) }), weight: 1 },
  { arbitrary: fc.record({ op: fc.constant('cancel'), nth: fc.nat({ max: 50 }) }), weight: 1 },
);
const rate: fc.Arbitrary<PacedRate> = fc.record({
  intervalMs: fc.constantFrom(10, 20, 100, 250, 1000, 2000),
  burst: fc.constantFrom(1, 1, 2, 10),
});

/**
 * Rates on their real SQL: whatever stalls, hangs, dies or is set, no second (of a slower rate: no time from one start to the next)
 * sees more than `rate + burst` starts, and everything starts in the end.
 */
describe('rates', () => {
  let world: RateWorld;
  beforeAll(async () => {
    world = await RateWorld.open();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test('hold over any sequence of stalls, crashes and settings of clocks', async () => {
    await fc.assert(
      fc.asyncProperty(rate, fc.array(step, { minLength: 1, maxLength: 12, size: 'max' }), async (paced, steps) => {
        await world.reset(paced);
        for (const one of steps) await world.take(one);
        await world.drain();
        expect(world.excess()).toBeLessThanOrEqual(0);
      }),
      modelRuns('rates', 60),
    );
  }, 300_000);

  test.each([
    { intervalMs: 100, burst: 1, count: 200 },
    { intervalMs: 20, burst: 1, count: 400 },
  ])(
    'of one each $intervalMs ms: after a pause of 12 s no second has more than before',
    async ({ count, ...paced }) => {
      await world.reset(paced);
      await world.take({ op: 'submit', count });
      await world.take({ op: 'pass', ms: 1000, jitterMs: 3 });
      await world.take({ op: 'stall', ms: 12_000 });
      await world.drain();
      expect(world.excess()).toBeLessThanOrEqual(0);
      expect(world.starts).toHaveLength(count);
    },
  );

  test.each([
    { intervalMs: 100, count: 40, jitterMs: 20 },
    { intervalMs: 10, count: 400, jitterMs: 20 },
    { intervalMs: 1, count: 3000, jitterMs: 10 },
  ])(
    'of one each $intervalMs ms: while tasks wait nothing of it is wasted, before a stall and after it',
    async ({ count, jitterMs, intervalMs }) => {
      await world.reset({ intervalMs, burst: 1 });
      await world.take({ op: 'submit', count });
      const half = (count * intervalMs) / 2;
      await world.take({ op: 'pass', ms: half, jitterMs });
      const before = world.starts.length;
      expect(before).toBeGreaterThanOrEqual(0.95 * (half / intervalMs));
      await world.take({ op: 'stall', ms: 5000 });
      await world.take({ op: 'pass', ms: half / 2, jitterMs });
      expect(world.starts.length - before).toBeGreaterThanOrEqual(0.95 * (half / 2 / intervalMs));
      expect(world.excess()).toBeLessThanOrEqual(0);
    },
  );
});
