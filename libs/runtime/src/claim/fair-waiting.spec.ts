import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FairWaiting } from './waiting.ts';

const filled = (entries: readonly (readonly [queue: string, count: number])[]): FairWaiting<string> => {
  const waiting = new FairWaiting<string>();
  for (const [queue, count] of entries) for (let n = 1; n <= count; n += 1) waiting.add(queue, `${queue}${n}`);
  return waiting;
};

describe('FairWaiting', () => {
  it('takes one of each queue in rotation, whatever came first', () => {
    const waiting = filled([
      ['a', 1000],
      ['b', 2],
      ['c', 1],
    ]);
    expect(waiting.take(6)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect(waiting.size).toBe(997);
  });

  it('goes on where the last take ended', () => {
    const waiting = filled([
      ['a', 3],
      ['b', 3],
    ]);
    expect([1, 1, 1, 1].map((most) => waiting.take(most))).toEqual([['a1'], ['b1'], ['a2'], ['b2']]);
  });

  it('gives a queue that is alone all slots', () => {
    expect(filled([['a', 5]]).take(4)).toEqual(['a1', 'a2', 'a3', 'a4']);
  });

  it('forgets all', () => {
    const waiting = filled([['a', 5]]);
    waiting.clear();
    expect(waiting.take(9)).toEqual([]);
    waiting.add('a', 'again');
    expect(waiting.take(9)).toEqual(['again']);
  });

  it('loses nothing, keeps the order of each queue, and lets none wait for more than one round of the others', () => {
    const step = fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 5 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const waiting = new FairWaiting<{ queue: string; no: number }>();
        const model = new Map<string, number[]>();
        const passedOver = new Map<string, number>();
        steps.forEach((step, no) => {
          if (typeof step === 'string') {
            waiting.add(step, { queue: step, no });
            model.set(step, [...(model.get(step) ?? []), no]);
            return;
          }
          const total = [...model.values()].flat().length;
          const taken = waiting.take(step);
          expect(taken).toHaveLength(Math.min(step, total));
          for (const { queue, no: seen } of taken) {
            expect(model.get(queue)!.shift()).toBe(seen);
            passedOver.set(queue, 0);
            for (const [other, left] of model)
              if (other !== queue && left.length > 0) passedOver.set(other, (passedOver.get(other) ?? 0) + 1);
            for (const count of passedOver.values()) expect(count).toBeLessThan(4);
            for (const [other, left] of model) if (left.length === 0) passedOver.set(other, 0);
          }
          expect(waiting.size).toBe([...model.values()].flat().length);
        });
      }),
    );
  });

  it('removes all of one queue, which is passed over then; the others keep their order', () => {
    const waiting = new FairWaiting<string>();
    for (const item of ['a1', 'b1', 'a2', 'c1', 'b2']) waiting.add(item[0]!, item);
    expect(waiting.take(1)).toEqual(['a1']);
    expect(waiting.remove('b')).toEqual(['b1', 'b2']);
    expect([waiting.remove('b'), waiting.remove('never seen'), waiting.size]).toEqual([[], [], 2]);
    waiting.add('b', 'b3');
    expect(waiting.take(10)).toEqual(['c1', 'a2', 'b3']);
    expect(waiting.size).toBe(0);
  });
});
