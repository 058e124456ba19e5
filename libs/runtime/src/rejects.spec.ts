import { newId } from '@lovage/foundation';
import type { TaskContext } from '@lovage/task';
import type { TaskEvent } from './task-events.ts';
import { echo, Fixture } from './testing/fixture.ts';

test.each([
  ['reject', 'Reject', [{ kind: 'rejected', requeue: false }]],
  ['ignore', 'Ignore', []],
] as const)("task.%s ends the task at once, and Celery's callers are told of no end", async (how, type, told) => {
  await using f = await Fixture.open();
  const contract = echo({ retry: { maxAttempts: 5, on: [type] } });
  const worker = await f.worker(contract, (_, task: TaskContext) => {
    throw how === 'reject' ? task.reject('not mine') : task.ignore();
  });
  const [events, replied] = [[] as TaskEvent[], [] as string[]];
  worker.signals.tasks.on((event) => {
    const { task, ...rest } = event;
    events.push({ ...rest, task: { id: task.id } } as TaskEvent);
  });
  f.replied.on(({ taskId }) => replied.push(taskId));
  const own = await f.send(1);
  const [row] = [await f.ended(own)];
  expect(row).toMatchObject({ state: 'FAILURE', retries: 0, error: { type, code: `${how}_requested` } });
  expect(row.error!.stack).toBeUndefined();
  const theirs = newId();
  await f.sendBody('[[], {"value":1}, {}]', { lang: 'py', task: 'test.echo', id: theirs });
  expect(await f.ended(theirs)).toMatchObject({ state: 'FAILURE', error: { type } });
  await worker.stop();
  expect(replied).toEqual([own]);
  const of = (id: string) => events.flatMap(({ task, ...rest }) => (task.id === id ? [rest] : []));
  for (const id of [own, theirs]) expect(of(id)).toEqual([{ kind: 'received' }, { kind: 'started' }, ...told]);
  expect(await f.ready()).toBe(0);
  expect(f.log.entries.some(({ fields }) => (fields as { task?: string }).task === own)).toBe(how === 'reject');
});
