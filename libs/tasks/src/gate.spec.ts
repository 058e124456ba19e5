import { deferred } from '@lovage/foundation';
import { Gate } from './gate.ts';

const never = new AbortController().signal;

it('lets in so many and no more, in their order', async () => {
  const gate = new Gate(2);
  const entered: number[] = [];
  const ends = [1, 2, 3, 4].map(() => deferred());
  const all = ends.map((end, i) => gate.pass(never, () => (entered.push(i), end.promise)));
  expect(entered).toEqual([0, 1]);
  ends[1]!.resolve();
  await all[1];
  expect(entered).toEqual([0, 1, 2]);
  ends[0]!.reject(new Error('failed'));
  await expect(all[0]).rejects.toThrow('failed');
  expect(entered).toEqual([0, 1, 2, 3]);
  ends[2]!.resolve();
  ends[3]!.resolve();
  await Promise.all(all.slice(1));
  await gate.pass(never, async () => undefined);
});

it('a waiter that gives up leaves no gap', async () => {
  const gate = new Gate(1);
  const first = deferred();
  const controller = new AbortController();
  const one = gate.pass(never, () => first.promise);
  const two = gate.pass(controller.signal, () => Promise.reject(new Error('must not run')));
  const three = gate.pass(never, () => Promise.resolve(3));
  controller.abort(new Error('revoked'));
  await expect(two).rejects.toThrow('revoked');
  first.resolve();
  await one;
  await expect(three).resolves.toBe(3);
  await expect(gate.pass(controller.signal, () => Promise.resolve())).rejects.toThrow('revoked');
});
