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

test('it ends between two items where its task is to end', async () => {
  abort(new Error('revoked'));
  await expect(run('celery.map', { task: 'test.raw' }, [1])).rejects.toThrow('revoked');
});

test('tasks that every worker serves are in no list', () => {
  expect(table.names()).toEqual(['test.add', 'test.raw']);
  expect(table.find('celery.chord')).toBeDefined();
  expect(table.find('celery.other')).toBeUndefined();
});
