import pg from 'pg';
import { z } from 'zod';
import { Signal } from '@lovage/foundation';
import type { SubmittedFirst, TaskStore } from '@lovage/ports';
import { defineTask, type TaskOptions } from '@lovage/task';
import { ClientFixture, plainEcho } from './testing/fixture.ts';

const input = z.strictObject({
  tenant: z.string().transform((text) => text.toLowerCase()),
  user: z.object({ id: z.number() }).optional(),
  n: z.number().default(1),
});
const define = (name: string, defaults?: TaskOptions<z.output<typeof input>>) =>
  defineTask({ name, input, output: z.unknown(), defaults });
const whole = define('test.whole', { unique: true });
const byFields = define('test.by_fields', { unique: { by: ['tenant', 'user.id'] } });
const byFunction = define('test.by_function', { unique: { by: ({ n }) => n % 2, onConflict: 'reject' } });
const replacing = define('test.replacing', { unique: { by: ['tenant'], onConflict: 'replace' } });
const free = define('test.free');
const contracts = [whole, byFields, byFunction, replacing, free, plainEcho] as const;

let f: ClientFixture;
beforeEach(async () => {
  f = await ClientFixture.open();
  await f.broker.declare('default');
});
afterEach(() => f[Symbol.asyncDispose]());
const client = () => f.client({ contracts }).client({ whole, byFields, byFunction, replacing, free });
const rows = (name: string) => f.db.query('select id, state from tasks where name = $1 order by id', [name]);

test('the same input, as the schema makes it, is one task: the second submit is given the first one’s', async () => {
  const { whole } = client();
  const first = await whole.submit({ tenant: 'A' });
  expect(first).toMatchObject({ fresh: true, earlier: undefined, submitted: { state: 'QUEUED' } });
  const again = await whole.submit({ tenant: 'a', n: 1 });
  expect(again).toMatchObject({ id: first.id, fresh: false, earlier: 'unique', submitted: undefined });
  expect(await whole.submit({ tenant: 'b' })).toMatchObject({ fresh: true });
  await f.end(first.id, 'SUCCESS');
  expect(await whole.submit({ tenant: 'a' })).toMatchObject({ fresh: true });
});

test('of a hundred submits by three clients one makes a task', async () => {
  const clients = [client(), client(), client()];
  const handles = await Promise.all(
    Array.from({ length: 100 }, (_, i) => clients[i % 3]!.whole.submit({ tenant: 'raced' })),
  );
  const [{ id }] = (await rows('test.whole')) as [{ id: string }];
  expect(handles.map((handle) => handle.id)).toEqual(handles.map(() => id));
  expect(handles.filter(({ fresh }) => fresh)).toHaveLength(1);
  expect(await rows('test.whole')).toHaveLength(1);
  expect((await f.broker.depth('default')).ready).toBe(1);
});

test('fields, a function, another rule of the submit, or none', async () => {
  const { byFields, byFunction, whole, free } = client();
  const first = await byFields.submit({ tenant: 'a', user: { id: 1 }, n: 1 });
  expect(await byFields.submit({ tenant: 'a', user: { id: 1 }, n: 2 })).toMatchObject({ id: first.id });
  expect(await byFields.submit({ tenant: 'a', user: { id: 2 } })).toMatchObject({ fresh: true });
  const without = await byFields.submit({ tenant: 'a' });
  expect(without.fresh).toBe(true);
  expect(await byFields.submit({ tenant: 'a', n: 5 })).toMatchObject({ id: without.id });
  // Compared by something else, they are not in each other's way.
  expect(await byFields.submit({ tenant: 'a' }, { unique: { by: ['tenant'] } })).toMatchObject({ fresh: true });

  const odd = await byFunction.submit({ tenant: 'x', n: 1 });
  await expect(byFunction.submit({ tenant: 'y', n: 3 })).rejects.toMatchObject({
    ...{ code: 'task_not_unique', contract: 'test.by_function', taskId: odd.id },
  });
  expect(await byFunction.safe({ tenant: 'y', n: 3 })).toMatchObject({ ok: false, error: { code: 'task_not_unique' } });
  const existing = await byFunction.submit({ tenant: 'y', n: 3 }, { unique: { onConflict: 'existing' } });
  expect(existing).toMatchObject({ id: odd.id, fresh: false });

  await whole.submit({ tenant: 'a' });
  expect(await whole.submit({ tenant: 'a' }, { unique: false })).toMatchObject({ fresh: true });
  expect(await free.submit({ tenant: 'a' }, { unique: true })).toMatchObject({ fresh: true });
  expect(await free.submit({ tenant: 'a' }, { unique: true })).toMatchObject({ fresh: false });
  expect(await free.submit({ tenant: 'a' })).toMatchObject({ fresh: true });
});

test('a period, and states in which it runs or is done', async () => {
  const { free } = client();
  const hourly = { unique: { period: '1h', states: ['PENDING', 'SCHEDULED', 'QUEUED', 'SUCCESS'] } } as const;
  const first = await free.submit({ tenant: 'a' }, hourly);
  await f.db.query("update tasks set state = 'STARTED' where id = $1", [first.id]);
  const second = await free.submit({ tenant: 'a' }, hourly);
  expect(second.fresh).toBe(true);
  await f.end(second.id, 'SUCCESS');
  expect(await free.submit({ tenant: 'a' }, hourly)).toMatchObject({ id: second.id });
  await f.db.query("update tasks set created_at = created_at - interval '61 min'");
  expect(await free.submit({ tenant: 'a' }, hourly)).toMatchObject({ fresh: true });
});

test('a call waits for the task that is there', async () => {
  const answered = new Signal<SubmittedFirst>();
  const tasks = Object.create(f.store.tasks) as TaskStore;
  tasks.insertFirst = async (...given) => {
    const answers = await f.store.tasks.insertFirst(...given);
    for (const answer of answers) answered.emit(answer as SubmittedFirst);
    return answers;
  };
  const { whole } = f.client({ contracts, tasks }).client({ whole: contracts[0] });
  const first = await whole.submit({ tenant: 'a' });
  let calls = 0;
  const both = new Promise<void>((resolve) => answered.on(({ unique }) => unique && ++calls === 2 && resolve()));
  const called = Promise.all([whole({ tenant: 'a' }), whole({ tenant: 'a' })]);
  await both;
  await f.end(first.id, 'SUCCESS', { result: 'once' });
  expect(await called).toEqual(['once', 'once']);
  expect(await rows('test.whole')).toHaveLength(1);
});

test('a task that is replaced is told to callers that wait for it, here and elsewhere', async () => {
  const [here, elsewhere] = [client(), client()];
  const first = await elsewhere.replacing.submit({ tenant: 'a', n: 1 }, { delay: '1h' });
  const waiting = first.result().catch((error: unknown) => error);
  const second = await here.replacing.submit({ tenant: 'a', n: 2 }, { delay: '1h' });
  expect(second.fresh).toBe(true);
  expect(await waiting).toMatchObject({ code: 'task_revoked', reason: `replaced by ${second.id}` });
  expect(await f.outbox()).toMatchObject([{ task_id: second.id }]);
});

test('in a transaction: nobody else makes one until it ends', async () => {
  const tx = new pg.Client({ connectionString: f.db.url });
  await tx.connect();
  await tx.query('begin');
  const { whole, byFunction } = client();
  const first = await whole.submitIn(tx, { tenant: 'a' });
  expect(await whole.submitIn(tx, { tenant: 'A' })).toMatchObject({ id: first.id, fresh: false, earlier: 'unique' });
  await byFunction.submitIn(tx, { tenant: 'a' });
  await expect(byFunction.submitIn(tx, { tenant: 'a' })).rejects.toMatchObject({ code: 'task_not_unique' });
  const other = whole.submit({ tenant: 'a' });
  await tx.query('commit');
  await tx.end();
  expect(await other).toMatchObject({ id: first.id, fresh: false });
});

test('with the broker blocked it is unique all the same', async () => {
  const { whole } = client();
  f.broker.block();
  const first = await whole.submit({ tenant: 'a' });
  expect(await whole.submit({ tenant: 'a' })).toMatchObject({ id: first.id, fresh: false });
});

test('what cannot be compared is refused before anything is stored', async () => {
  const odd = defineTask({
    name: 'test.odd',
    input: z.strictObject({ tags: z.array(z.string()).transform((tags) => new Set(tags)) }),
    output: z.null(),
    defaults: { unique: true },
  });
  const failing = define('test.failing', { unique: { by: () => undefined } });
  const throwing = define('test.throwing', {
    unique: {
      by: () => {
        throw new Error('no');
      },
    },
  });
  const lovage = f.client({ contracts: [odd, failing, throwing] });
  const refused = (reason: string) => ({ code: 'submit_options_invalid', option: 'unique.by', message: reason });
  await expect(lovage.submit(odd, { tags: ['a'] })).rejects.toMatchObject(
    refused('unique.by: compares a Set, which is no JSON; compare other fields'),
  );
  await expect(lovage.submit(failing, { tenant: 'a' })).rejects.toMatchObject(
    refused("unique.by: the contract's function answered undefined"),
  );
  await expect(lovage.submit(throwing, { tenant: 'a' })).rejects.toMatchObject(
    refused("unique.by: the contract's function threw: Error: no"),
  );
  for (const table of ['tasks', 'outbox', 'unique_keys'])
    expect(await f.db.query(`select count(*)::int as n from ${table}`)).toEqual([{ n: 0 }]);
});
