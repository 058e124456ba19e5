import { isolate } from './isolate.ts';

const refused = (): Error => Object.assign(new Error('refused'), { code: 'value_refused' });

/** Writes numbers, and refuses odd ones. */
function writer(fault: (odd: number) => Error = refused) {
  const batches: (readonly number[])[] = [];
  const write = (batch: readonly number[]): Promise<number[]> => {
    batches.push(batch);
    const odd = batch.find((n) => n % 2 === 1);
    return odd === undefined ? Promise.resolve(batch.map((n) => n * 10)) : Promise.reject(fault(odd));
  };
  return { batches, write };
}

test('a batch without a fault is one write', async () => {
  const { batches, write } = writer();
  expect(await isolate([2, 4], { write, onFaulty: () => [-1] })).toEqual([20, 40]);
  expect(batches).toEqual([[2, 4]]);
});

test('only the item at fault fails, and the results keep their order', async () => {
  const { batches, write } = writer();
  expect(await isolate([2, 3, 4], { write, onFaulty: (n) => [-n] })).toEqual([20, -3, 40]);
  expect(batches).toEqual([[2, 3, 4], [2], [3], [4]]);
});

test('a single item at fault is not written twice', async () => {
  const { batches, write } = writer();
  expect(await isolate<number, unknown>([3], { write, onFaulty: (_, { message }) => [message] })).toEqual(['refused']);
  expect(batches).toEqual([[3]]);
});

test('an error that is nobody’s fault is thrown', async () => {
  const { batches, write } = writer(() => new Error('away'));
  await expect(isolate([2, 3], { write, onFaulty: () => [-1] })).rejects.toThrow('away');
  expect(batches).toEqual([[2, 3]]);
});
