import { MAX_SUM_N, sumToN } from '@lovage/contracts';
import { fakeTask } from '@lovage/runtime/testing';
import { MathTasks } from './math.tasks.ts';
import { sumTo } from './sum.ts';

const never = new AbortController().signal;
const handlers = new MathTasks();

describe('math.add and math.divide', () => {
  it('calculate', () => {
    expect(handlers.add({ x: 1.5, y: 2 })).toBe(3.5);
    expect(handlers.divide({ x: 1, y: 2 })).toBe(0.5);
    expect(handlers.divide({ x: 0, y: -2 })).toBe(-0);
  });

  it.each([0, -0])('dividing by %p is the declared error, not Infinity', (y) => {
    const attempt = () => handlers.divide({ x: 7, y });
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'declared_error', type: 'DivisionByZero', data: { x: 7 } }),
    );
  });

  it('a result past the doubles is a declared error: JSON has no Infinity', () => {
    const overflow = (x: number, y: number) => expect.objectContaining({ type: 'Overflow', data: { x, y } }) as Error;
    expect(() => handlers.add({ x: 1e308, y: 1e308 })).toThrow(overflow(1e308, 1e308));
    expect(() => handlers.divide({ x: 1e308, y: 1e-308 })).toThrow(overflow(1e308, 1e-308));
  });
});

describe('math.sum_to_n', () => {
  it.each([0, 1, 2, 10, 99_999, 100_000, 100_001, 1_234_567])('adds up to %i', async (n) => {
    const { task } = fakeTask(sumToN);
    await expect(handlers.sumToN({ n }, task)).resolves.toBe((n * (n + 1)) / 2);
  });

  it('is exact at its bound', async () => {
    await expect(sumTo(MAX_SUM_N, { now: () => 0, signal: never })).resolves.toBe((MAX_SUM_N * (MAX_SUM_N + 1)) / 2);
  });

  it('lets the event loop breathe between slices', async () => {
    let time = 0;
    let passes = 0;
    const summing = { done: false };
    const count = () => {
      passes += 1;
      if (!summing.done) setImmediate(count);
    };
    setImmediate(count);
    // Each look at the clock takes 3 ms, so a slice of 5 ms is two times 100,000 additions; a million are five slices.
    await sumTo(1_000_000, { now: () => (time += 3), signal: never });
    summing.done = true;
    expect(passes).toBeGreaterThanOrEqual(4);
  });

  it('ends between two slices when aborted', async () => {
    const { task, abort } = fakeTask(sumToN);
    const running = handlers.sumToN({ n: MAX_SUM_N }, task);
    abort(new Error('soft limit'));
    await expect(running).rejects.toThrow('soft limit');
    await expect(handlers.sumToN({ n: 1 }, task)).rejects.toThrow('soft limit');
  });
});
