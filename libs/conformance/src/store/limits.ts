import { test } from '@jest/globals';
import fc from 'fast-check';
import { modelRuns } from '@lovage/testing';
import { LimitWorld, VALUES, type HowEnded, type LimitStep } from './limit-world.ts';
import type { StoreUnderTest } from './under-test.ts';

const slots = fc.option(fc.integer({ min: 0, max: 5 }));
const settings = fc.record(
  {
    concurrency: slots,
    keys: fc.record({ a: slots, b: slots }, { requiredKeys: [] }),
    rate: fc.constantFrom(null, { text: '1000/s', intervalMs: 1, burst: null }),
  },
  { requiredKeys: [] },
);
const of = <T>(op: fc.Arbitrary<T>, weight: number) => ({
  arbitrary: op as unknown as fc.Arbitrary<LimitStep>,
  weight,
});
const op = <O extends LimitStep['op']>(name: O) => fc.constant(name);
const worker = fc.nat({ max: 2 });
const step = fc.oneof(
  of(fc.record({ op: op('submit'), value: fc.constantFrom(...VALUES), rated: fc.boolean(), row: fc.boolean() }), 8),
  of(fc.record({ op: op('deliver'), worker, message: fc.nat({ max: 20 }), count: fc.integer({ min: 1, max: 4 }) }), 8),
  of(
    fc.record({
      ...{ op: op('end'), worker, which: fc.nat({ max: 5 }), told: fc.boolean() },
      how: fc.constantFrom<HowEnded>('success', 'success', 'retry', 'snooze', 'release'),
    }),
    6,
  ),
  of(fc.record({ op: op('crash'), worker }), 1),
  of(fc.record({ op: op('revoke'), task: fc.nat({ max: 20 }) }), 1),
  of(fc.record({ op: op('set'), settings: fc.option(settings) }), 3),
  of(fc.record({ op: op('relay') }), 5),
  of(fc.record({ op: op('sweep') }), 3),
);
/** Mostly one after another; now and then several at the same time. */
const moves = fc.oneof(
  { arbitrary: step.map((one) => [one]), weight: 4 },
  { arbitrary: fc.array(step, { minLength: 2, maxLength: 5 }), weight: 1 },
);

/**
 * Whatever is submitted, delivered, ended, killed, cancelled or changed, in whatever order and at the same time: no more run than may,
 * nobody waits while a slot is free, and in the end every task has ended.
 */
export function limits(underTest: () => StoreUnderTest): void {
  test('limits hold over any sequence of submits, ends, crashes and changes', async () => {
    const world = new LimitWorld(underTest());
    await fc.assert(
      fc.asyncProperty(fc.array(moves, { minLength: 1, maxLength: 50, size: 'max' }), async (all) => {
        await world.reset();
        for (const steps of all) await world.take(steps);
        await world.drain();
      }),
      modelRuns('limits', 100),
    );
  }, 300_000);
}
