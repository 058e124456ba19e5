import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { levelOf, PRIORITY_LEVELS } from '@lovage/ports';
import { PATIENCE, UrgentFirst } from './waiting.ts';

interface Item {
  readonly no: number;
  readonly priority: number;
}

const take = <T>(from: UrgentFirst<T>, count: number): T[] => Array.from({ length: count }, () => from.shift());

describe('UrgentFirst', () => {
  it('is first in, first out where all are alike', () => {
    for (const priority of [0, 4, 9]) {
      const waiting = new UrgentFirst<number>();
      for (let n = 0; n < 300; n += 1) waiting.push(n, priority);
      expect(take(waiting, 300)).toEqual([...Array(300).keys()]);
      expect(waiting.size).toBe(0);
    }
  });

  it('takes the higher number first', () => {
    const waiting = new UrgentFirst<number>();
    for (const priority of [4, 0, 9, 6, 1, 8, 5, 3, 7, 2]) waiting.push(priority, priority);
    expect(take(waiting, 10)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  });

  it('puts what is urgent next, however much waits', () => {
    const waiting = new UrgentFirst<string>();
    for (let n = 0; n < 50; n += 1) waiting.push('low', 1);
    take(waiting, 20);
    waiting.push('high', 9);
    expect(take(waiting, 2)).toEqual(['high', 'low']);
  });

  it('gives the lower levels one of ten places each under a flood', () => {
    const waiting = new UrgentFirst<number>();
    const counts = new Map<number, number>();
    for (const priority of [9, 4, 1]) waiting.push(priority, priority);
    for (let n = 0; n < 1000; n += 1) {
      const priority = waiting.shift();
      counts.set(priority, (counts.get(priority) ?? 0) + 1);
      waiting.push(priority, priority);
    }
    expect(counts.get(9)).toBeGreaterThan(780);
    for (const priority of [4, 1]) expect(counts.get(priority)).toBeGreaterThan(85);
  });

  it('loses nothing, keeps the order of equals, prefers the urgent, and lets nothing wait for ever', () => {
    const step = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant('take' as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const waiting = new UrgentFirst<Item>();
        let model: Item[] = [];
        const passes = new Map(PRIORITY_LEVELS.map((level) => [level, 0]));
        steps.forEach((step, no) => {
          if (step !== 'take') {
            waiting.push({ no, priority: step }, step);
            model.push({ no, priority: step });
            return;
          }
          if (model.length === 0) return;
          const got = waiting.shift();
          const alike = model.filter(({ priority }) => priority === got.priority);
          expect(alike[0]).toEqual(got);
          model = model.filter(({ no }) => no !== got.no);
          passes.set(levelOf(got.priority), 0);
          for (const level of PRIORITY_LEVELS) {
            if (level === levelOf(got.priority)) continue;
            const left = model.some(({ priority }) => levelOf(priority) === level);
            passes.set(level, left ? passes.get(level)! + 1 : 0);
            expect(passes.get(level)).toBeLessThanOrEqual(PATIENCE + 1);
          }
          expect(waiting.size).toBe(model.length);
        });
      }),
    );
  });
});
