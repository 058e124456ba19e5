import fc from 'fast-check';
import { Batcher, type BatcherOptions } from './batcher.ts';
import { deferred, type Deferred } from './deferred.ts';

/** A flush that the test ends by hand. */
interface Flush {
  readonly items: number[];
  readonly end: Deferred<readonly number[]>;
}

const pass = () => new Promise((resolve) => setImmediate(resolve));

function byHand(options: Omit<BatcherOptions<number, number>, 'flush'> = {}) {
  const flushes: Flush[] = [];
  const batcher = new Batcher<number, number>({
    ...options,
    flush: (items) => {
      const end = deferred<readonly number[]>();
      flushes.push({ items, end });
      return end.promise;
    },
  });
  return { batcher, flushes };
}

describe('Batcher', () => {
  it('sends what one tick brings as one batch, and gives each its own result', async () => {
    const { batcher, flushes } = byHand();
    const results = [1, 2, 3].map((item) => batcher.add(item));
    expect(batcher.size).toBe(3);
    await pass();
    expect(flushes.map(({ items }) => items)).toEqual([[1, 2, 3]]);
    expect(batcher.size).toBe(0);
    flushes[0]!.end.resolve([10, 20, 30]);
    expect(await Promise.all(results)).toEqual([10, 20, 30]);
  });

  it('sends a lonely item at once: the next pass of the loop, no timer', async () => {
    const { batcher, flushes } = byHand();
    void batcher.add(1);
    await pass();
    expect(flushes).toHaveLength(1);
  });

  it('gathers while a flush is under way, and sends that as the next batch', async () => {
    const { batcher, flushes } = byHand();
    void batcher.add(1);
    await pass();
    void batcher.add(2);
    await pass();
    void batcher.add(3);
    await pass();
    expect(flushes).toHaveLength(1);
    flushes[0]!.end.resolve([1]);
    await pass();
    await pass();
    expect(flushes.map(({ items }) => items)).toEqual([[1], [2, 3]]);
  });

  it('lingers after a batch: results do not wait for it, what comes meanwhile goes together', async () => {
    const lingers: { readonly items: number; readonly end: Deferred<void> }[] = [];
    const { batcher, flushes } = byHand({
      linger: (items) => {
        const end = deferred();
        lingers.push({ items, end });
        return end.promise;
      },
    });
    const first = batcher.add(1);
    await pass();
    flushes[0]!.end.resolve([10]);
    expect(await first).toBe(10);
    for (const item of [2, 3, 4]) {
      void batcher.add(item);
      await pass();
    }
    expect(flushes).toHaveLength(1);
    expect(lingers.map(({ items }) => items)).toEqual([1]);
    lingers[0]!.end.resolve();
    await pass();
    await pass();
    expect(flushes.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);

    let idle = false;
    flushes[1]!.end.resolve([20, 30, 40]);
    const lingering = batcher.idle().then(() => (idle = true));
    await pass();
    expect(idle).toBe(false);
    lingers[1]!.end.resolve();
    await lingering;
  });

  it('keeps at most `concurrency` flushes under way, none larger than its bound', async () => {
    const { batcher, flushes } = byHand({ maxSize: 2, concurrency: 2 });
    for (let item = 1; item <= 7; item += 1) void batcher.add(item);
    await pass();
    expect(flushes.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    flushes[1]!.end.resolve([0, 0]);
    await pass();
    await pass();
    expect(flushes.slice(2).map(({ items }) => items)).toEqual([[5, 6]]);
  });

  it('starts a flush while another is busy', async () => {
    const { batcher, flushes } = byHand({ concurrency: 2 });
    void batcher.add(1);
    await pass();
    void batcher.add(2);
    await pass();
    expect(flushes.map(({ items }) => items)).toEqual([[1], [2]]);
  });

  it('rejects every item of a failed batch, and goes on with the next', async () => {
    const { batcher, flushes } = byHand({ maxSize: 2 });
    const results = [1, 2, 3].map((item) => batcher.add(item));
    const settled = Promise.allSettled(results);
    await pass();
    flushes[0]!.end.reject(new Error('no connection'));
    await pass();
    await pass();
    flushes[1]!.end.resolve([30]);
    expect((await settled).map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
      'Error: no connection',
      'Error: no connection',
      30,
    ]);
  });

  it('treats a flush that throws like one that rejects', async () => {
    const batcher = new Batcher<number>({
      flush: () => {
        throw new Error('at once');
      },
    });
    await expect(batcher.add(1)).rejects.toThrow('at once');
    await expect(batcher.idle()).resolves.toBeUndefined();
  });

  it('is idle once nothing waits and nothing is under way', async () => {
    const { batcher, flushes } = byHand();
    await batcher.idle();
    let idle = false;
    const result = batcher.add(1);
    const waiting = Promise.all([batcher.idle(), batcher.idle()]).then(() => (idle = true));
    await pass();
    expect(idle).toBe(false);
    flushes[0]!.end.resolve([1]);
    await waiting;
    await expect(result).resolves.toBe(1);
  });

  it.each([
    { maxSize: 0 },
    { maxSize: -1 },
    { maxSize: 1.5 },
    { maxSize: NaN },
    { concurrency: 0 },
    { concurrency: NaN },
  ])('refuses %j, with which nothing would ever be sent', (options) => {
    expect(() => byHand(options)).toThrow(RangeError);
  });

  it('keeps its bounds and order and settles each item with its own outcome, whatever comes when', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), count: fc.integer({ min: 1, max: 7 }) }),
      fc.record({ do: fc.constant('end' as const), which: fc.nat(5), fail: fc.boolean() }),
      fc.constant({ do: 'pass' as const }),
    );
    const options = fc.record({ maxSize: fc.integer({ min: 1, max: 4 }), concurrency: fc.integer({ min: 1, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(options, fc.array(step, { maxLength: 40 }), async (bounds, steps) => {
        const { batcher, flushes } = byHand(bounds);
        const open = new Set<Flush>();
        const failed = new Set<number>();
        const outcomes: Promise<unknown>[] = [];
        let known = 0;
        const look = () => {
          for (; known < flushes.length; known += 1) open.add(flushes[known]!);
          expect(open.size).toBeLessThanOrEqual(bounds.concurrency);
        };
        const end = (flush: Flush, fail: boolean) => {
          open.delete(flush);
          if (!fail) return flush.end.resolve(flush.items.map((item) => -item));
          for (const item of flush.items) failed.add(item);
          flush.end.reject(new Error(`of ${flush.items.join()}`));
        };
        for (const next of steps) {
          if (next.do === 'add')
            for (let i = 0; i < next.count; i += 1)
              outcomes.push(batcher.add(outcomes.length + 1).catch((error: Error) => error.message));
          else if (next.do === 'pass') await pass();
          else if (open.size > 0) end([...open][next.which % open.size]!, next.fail);
          look();
        }
        const idle = batcher.idle();
        for (let rounds = 0; rounds < 1000 && (batcher.size > 0 || open.size > 0); rounds += 1) {
          for (const flush of [...open]) end(flush, false);
          await pass();
          look();
        }
        await idle;
        expect(flushes.flatMap(({ items }) => items)).toEqual(outcomes.map((_, i) => i + 1));
        expect(Math.max(0, ...flushes.map(({ items }) => items.length))).toBeLessThanOrEqual(bounds.maxSize);
        const settled = await Promise.all(outcomes);
        settled.forEach((outcome, i) =>
          failed.has(i + 1) ? expect(outcome).toMatch(new RegExp(`\\b${i + 1}\\b`)) : expect(outcome).toBe(-(i + 1)),
        );
      }),
    );
  });
});
