import { deferred } from './deferred.ts';
import { Limiter } from './limiter.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('Limiter', () => {
  it('runs so many at once, the others in their order, whatever becomes of those before', async () => {
    const limiter = new Limiter(2);
    const begun: number[] = [];
    const ends = Array.from({ length: 5 }, () => deferred<number>());
    const runs = ends.map((end, n) =>
      limiter.run(() => {
        begun.push(n);
        return end.promise;
      }),
    );
    const failed = expect(runs[1]).rejects.toThrow('no');
    await settle();
    expect(begun).toEqual([0, 1]);
    ends[1]!.reject(new Error('no'));
    await failed;
    await settle();
    expect(begun).toEqual([0, 1, 2]);
    for (const [n, end] of ends.entries()) end.resolve(n);
    expect(await Promise.all(runs.filter((_, n) => n !== 1))).toEqual([0, 2, 3, 4]);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    expect(await limiter.run(() => 7)).toBe(7);
  });

  it('frees the place of work that throws at once', async () => {
    const limiter = new Limiter(1);
    const thrown = limiter.run(() => {
      throw new Error('at once');
    });
    await expect(thrown).rejects.toThrow('at once');
    expect(await limiter.run(() => 1)).toBe(1);
  });

  it.each([0, -1, 1.5, NaN])('refuses %d', (most) => {
    expect(() => new Limiter(most)).toThrow(RangeError);
  });
});
