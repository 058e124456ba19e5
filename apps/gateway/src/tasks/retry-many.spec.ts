import { newId } from '@lovage/foundation';
import type { BulkRetryAnswer, TaskDocument, TaskList } from '@lovage/http-api';
import { TestGateway } from '../testing/test-gateway.ts';

const NONE = { submitted: 0, skipped: 0, refused: 0, refusals: [], lastDueAt: null, nextCursor: null };
const ERROR = { type: 'Error', message: 'no' };

const submit = async (gateway: TestGateway, options: object = {}, x = 1): Promise<string> =>
  (await gateway.ask('/api/tasks/math.add', { body: { input: { x, y: 2 }, options } })).json().id;
async function failed(gateway: TestGateway, options: object = {}, x = 1): Promise<string> {
  const id = await submit(gateway, options, x);
  await gateway.finish(id, 'FAILURE', ERROR);
  return id;
}
async function retry(gateway: TestGateway, body: unknown): Promise<BulkRetryAnswer> {
  const answer = await gateway.ask('/api/tasks/retry', { body });
  expect(answer.status).toBe(200);
  return answer.json<BulkRetryAnswer>();
}
/** The tasks that were made of others, by what they were made of. */
async function made(gateway: TestGateway): Promise<Map<string | null, TaskDocument>> {
  const { items } = (await gateway.ask('/api/tasks?limit=200')).json<TaskList>();
  return new Map(items.filter(({ retriedFrom }) => retriedFrom !== null).map((task) => [task.retriedFrom, task]));
}

test('by ids: each becomes a task of its own that does the same, once however often it is asked', async () => {
  await using gateway = await TestGateway.start();
  const ids = [await failed(gateway, { retry: { maxAttempts: 4 }, priority: 8 }, 7), await failed(gateway)];
  const dead = await failed(gateway);
  await gateway.db.query("update tasks set state = 'DEAD' where id = $1", [dead]);
  const waiting = await submit(gateway);
  const answer = await retry(gateway, { ids: [...ids, dead, waiting, newId(), ids[0]] });
  expect(answer).toMatchObject({ submitted: 3, skipped: 0, refused: 2, nextCursor: null });
  expect(answer.refusals.map(({ id, code }) => [id, code])).toContainEqual([waiting, 'task_not_ended']);
  const again = await made(gateway);
  expect([...again.keys()].sort()).toEqual([...ids, dead].sort());
  const first = again.get(ids[0]!)!;
  expect(first).toMatchObject({
    ...{ name: 'math.add', queue: 'default', state: 'PENDING', input: { x: 7, y: 2 } },
    ...{ retriedFrom: ids[0], user: gateway.userId, rootId: first.id, priority: 8 },
  });
  expect((await gateway.store.tasks.get(first.id))!.message).toEqual({ retry: { maxAttempts: 4 } });
  expect(await retry(gateway, { ids })).toEqual({ ...NONE, skipped: 2 });
  expect((await gateway.db.query('select 1 from outbox')).length).toBe(3);
  expect(await gateway.db.query('select action, detail from audit order by id')).toMatchObject([
    { action: 'task.retry_many', detail: { ids: 6, submitted: 3, refused: 2 } },
    { action: 'task.retry_many', detail: { ids: 2, submitted: 0, skipped: 2 } },
  ]);
});

test('by a filter and at a rate: those that failed, each at its moment', async () => {
  await using gateway = await TestGateway.start();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push(await failed(gateway, { expires: '1h' }, n));
  const well = await submit(gateway);
  await gateway.finish(well, 'SUCCESS', 3);
  const other = await failed(gateway, { queue: 'mail' });
  const before = Date.now();
  const answer = await retry(gateway, { filter: { queue: 'default' }, rate: '6/m' });
  expect(answer).toEqual({ ...NONE, submitted: 5, lastDueAt: expect.any(String) as string });
  expect(Date.parse(answer.lastDueAt!) - before).toBeGreaterThanOrEqual(40_000);
  const again = await made(gateway);
  expect([...again.keys()].sort()).toEqual([...ids].sort());
  expect([...again.values()].map(({ state }) => state).sort()).toEqual([
    'PENDING',
    ...Array<string>(4).fill('SCHEDULED'),
  ]);
  const rows = await gateway.db.query<{ at: number }>(
    'select extract(epoch from due_at)::float8 * 1000 as at from outbox order by due_at',
  );
  rows.forEach(({ at }, n) => expect(Math.abs(at - rows[0]!.at - n * 10_000)).toBeLessThan(2000));
  expect(await retry(gateway, { filter: { queue: 'mail', state: 'SUCCESS' } })).toEqual(NONE);
  expect(await retry(gateway, { filter: { queue: 'mail' } })).toMatchObject({ submitted: 1 });
  expect((await made(gateway)).has(other)).toBe(true);
});

test('by a filter in parts: each request goes on where the one before ended, at the same rate', async () => {
  await using gateway = await TestGateway.start();
  for (let n = 0; n < 5; n += 1) await failed(gateway, {}, n);
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const answer = await retry(gateway, { filter: { name: 'math.add' }, rate: '1/m', limit: 2, cursor });
    seen.push(answer.submitted);
    cursor = answer.nextCursor ?? undefined;
  } while (cursor);
  expect(seen).toEqual([2, 2, 1]);
  const [span] = await gateway.db.query<{ s: number }>(
    'select extract(epoch from max(due_at) - min(due_at))::float8 as s from outbox',
  );
  expect(span!.s).toBeGreaterThan(235);
  expect(span!.s).toBeLessThan(245);
});

test('one whose input does not fit any more harms no other', async () => {
  await using gateway = await TestGateway.start();
  const [bad, good] = [await failed(gateway), await failed(gateway)];
  await gateway.db.query(`update tasks set input = '{"x":"one"}' where id = $1`, [bad]);
  const answer = await retry(gateway, { filter: { name: 'math.add' } });
  expect(answer).toMatchObject({ submitted: 1, refused: 1, refusals: [{ id: bad, code: 'input_invalid' }] });
  expect([...(await made(gateway)).keys()]).toEqual([good]);
});

test('of another Celery application: its arguments go as they are', async () => {
  await using gateway = await TestGateway.start();
  const id = await failed(gateway);
  await gateway.db.query(
    `update tasks set name = 'their.task', input = null, message = '{"args":[1],"kwargs":{"b":2}}' where id = $1`,
    [id],
  );
  expect(await retry(gateway, { ids: [id] })).toMatchObject({ submitted: 1 });
  const task = (await made(gateway)).get(id)!;
  expect(task).toMatchObject({ name: 'their.task', input: null });
  expect((await gateway.store.tasks.get(task.id))!.message).toEqual({ args: [1], kwargs: { b: 2 }, foreign: 'celery' });
});

test.each<[string, unknown, string]>([
  ['nothing', {}, 'body_invalid'],
  ['both', { ids: ['a'], filter: { queue: 'default' } }, 'body_invalid'],
  ['no ids', { ids: [] }, 'body_invalid'],
  ['a filter that names nothing', { filter: {} }, 'body_invalid'],
  ['a state that is no end', { filter: { state: ['FAILURE', 'QUEUED'] } }, 'body_invalid'],
  ['an unknown condition', { filter: { colour: 'red' } }, 'body_invalid'],
  ['an invalid rate', { filter: { queue: 'default' }, rate: 'fast' }, 'body_invalid'],
  ['a limit of nothing', { filter: { queue: 'default' }, limit: 0 }, 'body_invalid'],
  ['an invalid cursor', { filter: { queue: 'default' }, cursor: 'xyz' }, 'query_invalid'],
  ['a cursor with ids', { ids: ['a'], cursor: Buffer.from('~a').toString('base64url') }, 'query_invalid'],
])('%s is refused, and nothing is run', async (_, body, code) => {
  await using gateway = await TestGateway.start();
  await failed(gateway);
  const answer = await gateway.ask('/api/tasks/retry', { body });
  expect([answer.status, answer.problem().code]).toEqual([422, code]);
  expect(await gateway.db.query('select 1 from outbox')).toEqual([]);
  expect(await gateway.db.query('select * from audit')).toEqual([]);
});

test('with an edit by a mapping: what it makes is checked by the contract, of each alone', async () => {
  await using gateway = await TestGateway.start();
  const ids = [await failed(gateway, {}, 1), await failed(gateway, {}, 2)];
  // As an earlier version of the contract had it.
  await gateway.db.query(`update tasks set input = '{"a":7,"y":2}' where id = $1`, [ids[0]]);
  const plain = await retry(gateway, { ids });
  expect(plain).toMatchObject({ submitted: 1, refused: 1, refusals: [{ id: ids[0], code: 'input_invalid' }] });
  const mapping = [
    { op: 'rename', path: 'a', to: 'x' },
    { op: 'default', path: 'y', value: 5 },
  ];
  expect(await retry(gateway, { ids: [ids[0]], mapping })).toMatchObject({ submitted: 1, refused: 0 });
  const again = (await made(gateway)).get(ids[0]!)!;
  expect(again.input).toEqual({ x: 7, y: 2 });
  expect((await gateway.store.tasks.get(again.id))!.stamp).toMatch(/^1:[0-9a-f]{16}$/);
  const third = await failed(gateway, {}, 3);
  expect(await retry(gateway, { ids: [third], mapping: [{ op: 'set', path: 'x.z', value: 1 }] })).toMatchObject({
    refused: 1,
    refusals: [
      { code: 'input_invalid', message: 'mapping: rule 1 of the mapping, x.z: x is there, and has no fields' },
    ],
  });
});

test('an input of a newer version than this gateway knows goes as it is, with what it was made for', async () => {
  await using gateway = await TestGateway.start();
  const id = await failed(gateway);
  const stamp = '9:0123456789abcdef';
  await gateway.db.query(`update tasks set input = '{"sum":[1,2]}', input_stamp = $2 where id = $1`, [id, stamp]);
  expect(await retry(gateway, { ids: [id] })).toMatchObject({ submitted: 1, refused: 0 });
  const again = (await made(gateway)).get(id)!;
  expect(await gateway.store.tasks.get(again.id)).toMatchObject({ input: { sum: [1, 2] }, stamp });
  const alone = await gateway.ask(`/api/tasks/${id}/retry`, { method: 'POST' });
  expect(alone.status).toBe(202);
  expect(await gateway.store.tasks.get(alone.json<TaskDocument>().id)).toMatchObject({ input: { sum: [1, 2] }, stamp });
});

test.each([
  [[], 'mapping'],
  [[{ op: 'move', path: 'x' }], 'mapping.0'],
  [[{ op: 'set', path: 'x' }], 'mapping.0.value'],
  [[{ op: 'rename', path: 'x' }], 'mapping.0.to'],
  [[{ op: 'remove', path: '__proto__.x' }], 'mapping.0.path'],
  [[{ op: 'remove', path: 'x', to: 'y' }], 'mapping.0'],
  [Array.from({ length: 101 }, () => ({ op: 'remove', path: 'x' })), 'mapping'],
])('an invalid mapping is refused, %#', async (mapping, path) => {
  await using gateway = await TestGateway.start();
  const answer = await gateway.ask('/api/tasks/retry', { body: { ids: [newId()], mapping } });
  expect(answer.status).toBe(422);
  expect(answer.json<{ errors: { path: string }[] }>().errors[0]!.path).toContain(path);
});
