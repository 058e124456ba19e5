import { deferred } from './deferred.ts';

describe('deferred', () => {
  it('is settled from outside, once', async () => {
    const good = deferred<number>();
    good.resolve(1);
    good.reject(new Error('late'));
    await expect(good.promise).resolves.toBe(1);
    const bad = deferred();
    bad.reject(new Error('no'));
    await expect(bad.promise).rejects.toThrow('no');
  });
});
