import { z } from 'zod';
import { defineTask, rawTask, type TaskContext } from '@lovage/task';
import { HandlerTable } from '../handlers.ts';

const add = defineTask({
  name: 'test.add',
  input: z.strictObject({ x: z.number(), y: z.number() }),
  output: z.number(),
});
const raw = rawTask('test.raw');
const table = new HandlerTable(
  [add, raw],
  [
    { name: 'test.add', handle: (input) => (input as { x: number }).x + (input as { y: number }).y },
    { name: 'test.raw', handle: (call) => Promise.resolve(call) },
  ],
);
const { signal, abort } = (() => {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason: Error) => controller.abort(reason) };
})();
const context = { signal } as TaskContext;
const run = async (name: string, task: unknown, it: unknown): Promise<unknown> =>
  table.find(name)!.handle({ args: [], kwargs: { task, it } }, context);

test('a map calls a task of this worker for each item, a starmap with each list of arguments', async () => {
  expect(
    await run('celery.starmap', { task: 'test.add' }, [
      [1, 2],
      [3, 4],
    ]),
  ).toEqual([3, 7]);
  expect(await run('celery.map', { task: 'test.raw' }, [1, [2, 3]])).toEqual([
    { args: [1], kwargs: {} },
    { args: [[2, 3]], kwargs: {} },
  ]);
  expect(await run('celery.map', { task: 'test.raw' }, [])).toEqual([]);
});

test.each([
  ['a task that this worker does not serve', 'celery.map', { task: 'test.other' }, [1], 'NotRegistered'],
  ['arguments that do not fit', 'celery.map', { task: 'test.add' }, [1], 'InputInvalidError'],
  ['an item that is no list', 'celery.starmap', { task: 'test.add' }, [1], 'TypeError'],
  ['no list at all', 'celery.map', { task: 'test.add' }, 7, 'TypeError'],
])('%s fails it', async (_, name, task, it, error) => {
  await expect(run(name, task, it)).rejects.toMatchObject({ name: error });
});

const call = async (name: string, args: unknown[], kwargs: object = {}): Promise<unknown> =>
  table.find(name)!.handle({ args, kwargs }, context);

test('arguments by position are those by name', async () => {
  expect(await call('celery.starmap', [{ task: 'test.add' }, [[1, 2]]])).toEqual([3]);
  expect(await call('celery.map', [{ task: 'test.raw' }], { it: [1] })).toEqual([{ args: [1], kwargs: {} }]);
  await expect(call('celery.map', [{ task: 'test.raw' }, [1], 2])).rejects.toThrow('takes 2 positional arguments');
});

test('celery.accumulate gives all its arguments, or the one at an index', async () => {
  expect(await call('celery.accumulate', [1, 2])).toEqual([1, 2]);
  expect(await call('celery.accumulate', [[1, 2]], { index: 0 })).toEqual([1, 2]);
  expect(await call('celery.accumulate', [1, 2], { index: -1 })).toBe(2);
  await expect(call('celery.accumulate', [1], { index: 1 })).rejects.toMatchObject({ name: 'IndexError' });
  await expect(call('celery.accumulate', [1], { index: 'one' })).rejects.toMatchObject({ name: 'TypeError' });
});

test('tasks that start something want to be told what', async () => {
  const sig = { task: 'test.add' };
  expect(await call('celery.chunks', [sig, [[1, 2]], 1])).toBeNull();
  expect(await call('celery.chord', [[sig], sig])).toBeNull();
  await expect(call('celery.chunks', [7, [], 1])).rejects.toThrow('celery.chunks: its arguments are no canvas');
  await expect(call('celery.chord', [[sig]])).rejects.toThrow(TypeError);
});

test('it ends between two items where its task is to end', async () => {
  abort(new Error('revoked'));
  await expect(run('celery.map', { task: 'test.raw' }, [1])).rejects.toThrow('revoked');
});

test('tasks that every worker serves are in no list', () => {
  expect(table.names()).toEqual(['test.add', 'test.raw']);
  expect(table.find('celery.chord')).toBeDefined();
  for (const name of ['celery.other', 'celery.chord_unlock', 'celery.backend_cleanup', 'celery.group', 'celery.chain'])
    expect(table.find(name)).toBeUndefined();
});
