import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { levelOf } from '@lovage/ports';
import { LEVEL_RANGES, levelOfId, idShift } from './message-order.ts';

const priority = fc.integer({ min: 0, max: 9 });
/** What the sequence gives. */
const number = fc.integer({ min: 1, max: 2 ** 49 - 1 });

describe('ids of messages', () => {
  test('order by priority, then by age, and tell the level', () => {
    fc.assert(
      fc.property(priority, number, priority, number, (a, m, b, n) => {
        const [first, second] = [idShift(a) + m, idShift(b) + n];
        expect(Number.isSafeInteger(first)).toBe(true);
        expect(Math.sign(first - second)).toBe(Math.sign(a === b ? m - n : b - a));
        expect(levelOfId(first)).toBe(levelOf(a));
        const { after, before } = LEVEL_RANGES[levelOf(a)];
        expect(first > after && first < before).toBe(true);
      }),
    );
  });

  test('are what they were for a message without a priority', () => {
    expect(idShift(4)).toBe(0);
    expect(levelOfId(1)).toBe('normal');
  });

  test('of a producer that goes beyond the scale are at its end', () => {
    expect([idShift(255), idShift(-1)]).toEqual([idShift(9), idShift(0)]);
  });
});
