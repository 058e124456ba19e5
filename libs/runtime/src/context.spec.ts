import { newId } from '@lovage/foundation';
import type { TaskExtra } from '@lovage/task';
import { echo, Fixture } from './testing/fixture.ts';

const MOMENT = Date.UTC(2026, 0, 1);

test('a handler knows whether its attempt is the last, and of which moment of its schedule it is', async () => {
  await using f = await Fixture.open();
  const seen: unknown[] = [];
  await f.worker(echo({ retry: { maxAttempts: 3, delay: 0 } }), (_, task) => {
    seen.push([task.attempt, task.isLastAttempt, task.scheduledFor?.getTime() ?? null]);
    throw new Error('no');
  });
  f.relay();
  await f.ended(await f.send(1, { newTask: { extra: { scheduledFor: MOMENT } } }));
  expect(seen).toEqual([
    [1, false, MOMENT],
    [2, false, MOMENT],
    [3, true, MOMENT],
  ]);
});

test.each<[string, object, boolean[]]>([
  ['of the submit', { maxAttempts: 1 }, [true]],
  ['with an error that has more attempts', { maxAttempts: 1, errors: { Other: { maxAttempts: 2 } } }, [false]],
])('the policy %s counts', async (_, retry, expected) => {
  await using f = await Fixture.open();
  const seen: boolean[] = [];
  await f.worker(echo({ retry: { maxAttempts: 5, delay: 0 } }), (_, task) => {
    seen.push(task.isLastAttempt);
    return null;
  });
  await f.ended(await f.send(1, { newTask: { retry: retry as Record<string, unknown> } }));
  expect(seen).toEqual(expected);
});

test('in a batch each task knows its own', async () => {
  await using f = await Fixture.open();
  const seen: unknown[] = [];
  await f.batchWorker(echo({ batch: { size: 2, timeout: '10m' } }), (items) => {
    for (const { task } of items) seen.push([task.isLastAttempt, task.scheduledFor]);
    return items.map((item) => item.succeeded(null));
  });
  const ids = [await f.send(1), await f.send(2, { newTask: { extra: { scheduledFor: MOMENT } } })];
  for (const id of ids) await f.ended(id);
  expect(seen).toEqual([
    [true, null],
    [true, new Date(MOMENT)],
  ]);
});

test('tags come with the message, or of a Python program’s task by the contract', async () => {
  await using f = await Fixture.open();
  await f.worker(echo({ tags: ['value'] }), () => null);
  const extra: TaskExtra = { tags: ['a'] };
  const mine = await f.send(1, { newTask: { extra } });
  const foreign = newId();
  await f.sendAsCelery(foreign, 'test.echo');
  expect((await f.ended(mine)).extra).toEqual(extra);
  expect((await f.ended(foreign)).extra).toEqual({ tags: ['value:1'] });
});

test.each<[string, unknown]>([
  ['no object', 'x'],
  ['too many tags', { tags: Array.from({ length: 21 }, String) }],
  ['an invalid tag', { tags: ['\0'] }],
  ['no moment', { scheduledFor: 'soon' }],
  ['nothing to submit', { onEnd: { failure: { name: 'x' } } }],
])('extra: %s is a malformed message', async (_, extra) => {
  await using f = await Fixture.open();
  await f.worker(echo(), () => null);
  const id = await f.send(1, { newTask: { extra: extra as TaskExtra } });
  expect(await f.ended(id)).toMatchObject({ state: 'FAILURE', error: { type: 'MessageMalformed' } });
});
