import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TakeCursor } from './take-cursor.ts';

/** A queue of which only ids count; `read` counts how many rows a take looks at. */
class Queue {
  readonly waiting = new Set<number>();
  read = 0;

  take(cursor: TakeCursor, count: number): number[] {
    const after = cursor.begin();
    const ids = [...this.waiting]
      .filter((id) => id > after)
      .sort((a, b) => a - b)
      .slice(0, count);
    for (const id of ids) this.waiting.delete(id);
    cursor.end(ids.at(-1), ids.length === count);
    return ids;
  }

  /** Takes until the hunger ends. */
  drain(cursor: TakeCursor, count: number): number[] {
    const taken: number[] = [];
    while (cursor.hungry) taken.push(...this.take(cursor, count));
    return taken;
  }
}

describe('take cursor', () => {
  test('is hungry at first, and goes through the queue from its start', () => {
    const queue = new Queue();
    const cursor = new TakeCursor(() => 0);
    for (let id = 1; id <= 10; id += 1) queue.waiting.add(id);
    expect(cursor.hungry).toBe(true);
    expect(queue.drain(cursor, 3)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(cursor.hungry).toBe(false);
  });

  test('takes behind what it took, and after each end of the queue behind what is older than a poll', () => {
    const cursor = new TakeCursor(() => 0);
    const take = (last: number | undefined, full: boolean): number => {
      cursor.wake(false);
      const after = cursor.begin();
      cursor.end(last, full);
      return after;
    };
    expect(take(10, true)).toBe(0);
    expect(take(20, true)).toBe(10);
    expect(take(25, false)).toBe(20);
    expect(take(undefined, false)).toBe(0);
    cursor.poll();
    expect(take(30, false)).toBe(0);
    cursor.poll();
    // From the start with the poll, then from where it stood at the poll before.
    expect(take(undefined, false)).toBe(0);
    expect(take(undefined, false)).toBe(25);
  });

  test('looks again when told while a take is under way', () => {
    const cursor = new TakeCursor(() => 0);
    cursor.begin();
    cursor.wake(false);
    cursor.end(undefined, false);
    expect(cursor.hungry).toBe(true);
    cursor.begin();
    cursor.end(5, true);
    cursor.begin();
    cursor.wake(true);
    cursor.end(9, true);
    expect(cursor.begin()).toBe(0);
  });

  test('a failed take is repeated as it was', () => {
    const cursor = new TakeCursor(() => 0);
    expect(cursor.begin()).toBe(0);
    cursor.end(7, true);
    expect(cursor.begin()).toBe(7);
    cursor.fail();
    expect(cursor.hungry).toBe(true);
    expect(cursor.begin()).toBe(7);
    cursor.fail();
    cursor.wake(true);
    cursor.begin();
    cursor.fail();
    expect(cursor.begin()).toBe(0);
  });

  test('polls from the start no more often than that is worth', () => {
    let now = 0;
    const cursor = new TakeCursor(() => now);
    cursor.begin();
    cursor.end(100, true);
    cursor.poll();
    expect(cursor.begin()).toBe(0);
    now += 200;
    cursor.end(100, true);
    now += 1000;
    cursor.poll();
    expect(cursor.begin()).toBe(100);
    cursor.end(100, true);
    now += 3000;
    cursor.poll();
    expect(cursor.begin()).toBe(0);
  });

  test('finds everything by the second poll, whatever appears where and when', () => {
    const step = fc.oneof(
      // New, told of, committed in any order.
      fc.record({
        kind: fc.constant('publish' as const),
        ids: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 }),
      }),
      fc.record({
        kind: fc.constant('quiet' as const),
        ids: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 3 }),
      }),
      fc.record({
        kind: fc.constant('requeue' as const),
        ids: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 3 }),
      }),
      fc.constant({ kind: 'poll' as const, ids: [] as number[] }),
    );
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 7 }), (steps, count) => {
        const queue = new Queue();
        const cursor = new TakeCursor(() => 0);
        queue.drain(cursor, count);
        for (const { kind, ids } of steps) {
          for (const id of ids) queue.waiting.add(id);
          if (kind === 'publish') cursor.wake(false);
          else if (kind === 'requeue') cursor.wake(true);
          else if (kind === 'poll') cursor.poll();
          queue.drain(cursor, count);
          if (kind === 'poll' || kind === 'requeue') expect(queue.waiting.size).toBe(0);
        }
      }),
    );
  });
});
