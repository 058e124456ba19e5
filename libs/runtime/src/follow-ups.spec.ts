import { z } from 'zod';
import { newId } from '@lovage/foundation';
import { defineTask, endedTask, followUpsOf, type TaskOptions } from '@lovage/task';
import { echo, Fixture } from './testing/fixture.ts';

const failed = defineTask({ name: 'test.failed', input: endedTask, output: z.null(), defaults: { queue: 'hooks' } });
const done = defineTask({ name: 'test.done', input: endedTask, output: z.null(), defaults: { queue: 'hooks' } });
const hooked = (defaults: TaskOptions = {}) => echo({ onFailure: failed, onSuccess: done, ...defaults });
const extra = { onEnd: followUpsOf(hooked().options)! };
const namesOf = async (f: Fixture, id: string) =>
  (await f.db.query<{ name: string }>('select name from tasks where parent_id = $1', [id])).map(({ name }) => name);

test.each(['full', 'final'] as const)('record %s: after the last attempt, once', async (record) => {
  await using f = await Fixture.open();
  await f.worker(hooked({ record, retry: { maxAttempts: 2, delay: 0 } }), (input) => {
    const { value } = input as { value: unknown };
    if (value === 'bad') throw new Error('no');
    return value;
  });
  await f.broker.declare('hooks');
  f.relay();
  const bad = await f.send('bad', { newTask: { extra }, rowless: record === 'final' });
  const good = await f.send('good', { newTask: { extra }, rowless: record === 'final' });
  await f.ended(bad);
  await f.ended(good);
  expect(await namesOf(f, bad)).toEqual(['test.failed']);
  expect(await namesOf(f, good)).toEqual(['test.done']);
});

test('of a batch each task has its own', async () => {
  await using f = await Fixture.open();
  await f.batchWorker(hooked({ batch: { size: 2, timeout: '10m' } }), (items) =>
    items.map((item, i) => (i === 0 ? item.failed(new Error('no')) : item.succeeded(null))),
  );
  const ids = [await f.send(1, { newTask: { extra } }), await f.send(2, { newTask: { extra } })];
  for (const id of ids) await f.ended(id);
  expect((await Promise.all(ids.map((id) => namesOf(f, id)))).flat().sort()).toEqual(['test.done', 'test.failed']);
});

test('a task of a Python program has those of the contract', async () => {
  await using f = await Fixture.open();
  await f.worker(hooked(), () => null);
  const id = newId();
  await f.sendAsCelery(id, 'test.echo');
  await f.ended(id);
  expect(await namesOf(f, id)).toEqual(['test.done']);
});

test('an expired one counts as failed', async () => {
  await using f = await Fixture.open();
  await f.worker(hooked(), () => null);
  const expired = await f.send(1, { newTask: { extra, expiresAt: Date.now() - 1000 } });
  await f.ended(expired);
  expect(await namesOf(f, expired)).toEqual(['test.failed']);
});
