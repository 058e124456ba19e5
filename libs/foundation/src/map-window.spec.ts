import { mapWindow } from './map-window.ts';

const pass = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('mapWindow', () => {
  it('has no more under way, and takes no more in, than it may; outcomes stand in order', async () => {
    let taken = 0;
    let ended = 0;
    let most = 0;
    function* numbers() {
      for (; taken < 1000; taken += 1) yield taken;
    }
    const outcomes = await mapWindow(numbers(), 50, async (n) => {
      most = Math.max(most, taken - ended);
      await pass();
      if (n % 3) await pass();
      ended += 1;
      if (n % 100 === 7) throw new Error(String(n));
      return n * 2;
    });
    expect(most).toBeLessThanOrEqual(51);
    expect(outcomes.length).toBe(1000);
    outcomes.forEach((outcome, n) =>
      expect(outcome).toEqual(n % 100 === 7 ? { ok: false, error: new Error(String(n)) } : { ok: true, value: n * 2 }),
    );
  });

  it('takes what comes later, and nothing', async () => {
    async function* later() {
      await pass();
      yield 1;
      await pass();
      yield 2;
    }
    expect(await mapWindow(later(), 5, async (n) => n)).toEqual([
      { ok: true, value: 1 },
      { ok: true, value: 2 },
    ]);
    expect(await mapWindow([], 5, async (n) => n)).toEqual([]);
    const values = async (items: Iterable<unknown>) =>
      (await mapWindow(items, 2, async (item) => item)).map((outcome) => outcome.ok && outcome.value);
    expect(await values([Promise.resolve(1), 2, Promise.resolve(3)])).toEqual([1, 2, 3]);
    expect(await values('abc')).toEqual(['a', 'b', 'c']);
  });

  it('ends with what stops it, after what is under way', async () => {
    const done: number[] = [];
    let stop = false;
    const work = async (n: number) => {
      await pass();
      if (n === 3) stop = true;
      done.push(n);
    };
    const goOn = () => {
      if (stop) throw new Error('enough');
    };
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    let closed = false;
    function* closing() {
      try {
        yield* numbers;
      } finally {
        closed = true;
      }
    }
    await expect(mapWindow(closing(), 2, work, goOn)).rejects.toThrow('enough');
    expect(closed).toBe(true);
    // The fourth had begun.
    expect(done).toEqual([0, 1, 2, 3, 4]);
    function* broken() {
      yield 1;
      throw new Error('no more');
    }
    await expect(mapWindow(broken(), 2, work)).rejects.toThrow('no more');
    expect(done).toEqual([0, 1, 2, 3, 4, 1]);
  });
});
