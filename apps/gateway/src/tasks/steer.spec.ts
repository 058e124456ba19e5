import { newId } from '@lovage/foundation';
import type { AttemptList, TaskDocument } from '@lovage/http-api';
import { TestGateway, type GatewayAnswer } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const submit = async (body: object = {}): Promise<string> =>
  (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 }, ...body } })).json().id;
const revoke = (id: string, body?: unknown): Promise<GatewayAnswer> =>
  gateway.ask(`/api/tasks/${id}/revoke`, { method: 'POST', body });
const retry = (id: string, body?: unknown): Promise<GatewayAnswer> =>
  gateway.ask(`/api/tasks/${id}/retry`, { method: 'POST', body });
const start = (id: string) =>
  gateway.db.query(
    `update tasks set state = 'STARTED', claim_worker = $2, claim_no = 1, worker = 'w1', started_at = now() where id = $1`,
    [id, newId()],
  );

describe('revoke', () => {
  test('of a task that waits ends it, with who did it and why', async () => {
    const id = await submit({ options: { delay: '1h' } });
    const answer = await revoke(id, { reason: 'changed my mind' });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ id, state: 'REVOKED', finishedAt: expect.any(String), result: null });
    const [row] = await gateway.db.query(
      'select cancel_by, cancel_why, (select count(*)::int from outbox where task_id = $1) as messages from tasks where id = $1',
      [id],
    );
    expect(row).toEqual({ cancel_by: gateway.userId, cancel_why: 'changed my mind', messages: 0 });
    expect((await gateway.ask(`/api/tasks/${id}`)).json().state).toBe('REVOKED');
  });

  test('of a task that runs is refused and leaves it alone; with terminate it gets a cancel request', async () => {
    const id = await submit();
    await start(id);
    const refused = await revoke(id);
    expect([refused.status, refused.problem().code]).toEqual([409, 'task_running']);
    const cancelRequested = () =>
      gateway.db.query<{ cancelRequested: boolean }>(
        'select cancel_at is not null as "cancelRequested" from tasks where id = $1',
        [id],
      );
    expect(await cancelRequested()).toEqual([{ cancelRequested: false }]);
    const answer = await revoke(id, { terminate: true });
    expect([answer.status, answer.json().state]).toEqual([200, 'STARTED']);
    expect(await cancelRequested()).toEqual([{ cancelRequested: true }]);
  });

  test('of a task that has ended is refused', async () => {
    const id = await submit();
    await gateway.finish(id, 'SUCCESS', 3);
    for (const body of [undefined, { terminate: true }]) {
      const answer = await revoke(id, body);
      expect([answer.status, answer.problem().code]).toEqual([409, 'task_ended']);
    }
    expect((await gateway.ask(`/api/tasks/${id}`)).json()).toMatchObject({ state: 'SUCCESS', result: 3 });
  });
});

describe('retry', () => {
  test('of an ended task is a new task of the same input and queue', async () => {
    const id = await submit();
    await gateway.finish(id, 'FAILURE', { type: 'Error', message: 'no' });
    const answer = await retry(id);
    expect(answer.status).toBe(202);
    const task = answer.json();
    expect(task).toMatchObject({
      state: 'QUEUED',
      retriedFrom: id,
      input: { x: 1, y: 2 },
      name: 'math.add',
      user: gateway.userId,
    });
    expect(task.id).not.toBe(id);
    expect(answer.headers['location']).toBe(`/api/tasks/${task.id}`);
    expect((await gateway.ask(`/api/tasks/${task.id}`)).json()).toMatchObject({ retriedFrom: id, state: 'QUEUED' });
    expect((await gateway.ask(`/api/tasks/${id}`)).json().state).toBe('FAILURE');
    const noted = await gateway.db.query("select * from audit where action = 'task.retry' and target = $1", [id]);
    expect(noted).toMatchObject([
      { user_id: gateway.userId, detail: { task: task.id, name: 'math.add', edited: false } },
    ]);
  });

  test('keeps the priority, unless another is given', async () => {
    const [id, other] = [await submit(), await submit()];
    await gateway.db.query('update tasks set priority = case when id = $1 then 8 else 200 end', [id]);
    for (const each of [id, other]) await gateway.finish(each, 'SUCCESS', 3);
    expect((await retry(id)).json()).toMatchObject({ retriedFrom: id, priority: 8 });
    expect((await retry(id, { options: { priority: 1 } })).json()).toMatchObject({ priority: 1 });
    expect((await retry(other)).json()).toMatchObject({ priority: 9 });
  });

  test('takes another input and options', async () => {
    const id = await submit();
    await gateway.finish(id, 'SUCCESS', 3);
    const task = (await retry(id, { input: { x: 5, y: 5 }, options: { delay: '1h' } })).json();
    expect(task).toMatchObject({ state: 'SCHEDULED', input: { x: 5, y: 5 }, retriedFrom: id });
  });

  test('of a task that has not ended is refused', async () => {
    const id = await submit();
    for (const prepare of [() => Promise.resolve(), () => start(id)]) {
      await prepare();
      const answer = await retry(id);
      expect([answer.status, answer.problem().code]).toEqual([409, 'task_not_ended']);
    }
  });

  test('of what a Celery program sent by position names the fields', async () => {
    const id = await submit();
    await gateway.finish(id, 'SUCCESS', 3);
    const positional = (args: unknown[]) =>
      gateway.db.query('update tasks set input = null, message = $2 where id = $1', [
        id,
        JSON.stringify({ args, kwargs: {} }),
      ]);
    await positional([7, 8]);
    expect((await retry(id)).json().input).toEqual({ x: 7, y: 8 });
    await positional([7, 8, 9]);
    expect((await retry(id)).problem()).toMatchObject({ code: 'input_invalid' });
  });

  test('of a task whose contract is not known here sends its arguments as they are', async () => {
    const id = await submit();
    await gateway.finish(id, 'SUCCESS', 3);
    await gateway.db.query(
      `update tasks set name = 'python.task', input = null, message = '{"args":[1],"kwargs":{"b":2}}' where id = $1`,
      [id],
    );
    const answer = await retry(id);
    expect([answer.status, answer.json()]).toMatchObject([202, { name: 'python.task', retriedFrom: id, input: null }]);
    const sent = gateway.broker.sent.at(-1)!;
    expect(JSON.parse(sent.body.toString())).toMatchObject([[1], { b: 2 }, expect.anything()]);
    expect((await retry(id, { input: { b: 3 } })).json<TaskDocument>().input).toEqual({ b: 3 });
    expect((await retry(id, { input: [3] })).problem()).toMatchObject({
      code: 'body_invalid',
      errors: [{ path: 'input' }],
    });
  });
});

test.each<[string, 'revoke' | 'retry', unknown, number, string]>([
  ['an unknown field', 'revoke', { because: 'x' }, 422, 'body_invalid'],
  ['no truth value', 'revoke', { terminate: 'yes' }, 422, 'body_invalid'],
  ['a reason that is no text', 'revoke', { reason: 5 }, 422, 'body_invalid'],
  ['a reason without end', 'revoke', { reason: 'x'.repeat(501) }, 422, 'body_invalid'],
  ['a list', 'revoke', [], 422, 'body_invalid'],
  ['an unknown field', 'retry', { inptu: {} }, 422, 'body_invalid'],
  ['an input that does not fit', 'retry', { input: { x: 'a', y: 1 } }, 422, 'input_invalid'],
  ['an input of null', 'retry', { input: null }, 422, 'input_invalid'],
  ['an option that does not fit', 'retry', { options: { delay: -1 } }, 422, 'options_invalid'],
  ['an eta gone by', 'retry', { options: { eta: '2001-01-01T00:00:00Z' } }, 422, 'options_invalid'],
  ['a queue that nobody serves', 'retry', { options: { queue: 'nowhere' } }, 422, 'queue_unknown'],
])('%s is refused by %s, and nothing is changed', async (_, verb, body, status, code) => {
  const id = await submit();
  if (verb === 'retry') await gateway.finish(id, 'SUCCESS', 3);
  const count = () =>
    gateway.db.query(`select count(*)::int as n, count(*) filter (where state = 'REVOKED') as r from tasks`);
  const before = await count();
  const answer = await gateway.ask(`/api/tasks/${id}/${verb}`, { body });
  expect([answer.status, answer.problem().code]).toEqual([status, code]);
  expect(await count()).toEqual(before);
});

test('the steps of a task stand beside its attempts, oldest first', async () => {
  const id = (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } })).json().id as string;
  await gateway.db.query(
    `insert into steps (task_id, key, value, at) values ($1, 'b', '1', '2026-01-01T00:00:01Z'), ($1, 'a', '{"secret":1}', '2026-01-01T00:00:02Z')`,
    [id],
  );
  const { steps } = (await gateway.ask(`/api/tasks/${id}/attempts`, { as: 'viewer' })).json<AttemptList>();
  expect(steps).toEqual([
    { key: 'b', at: '2026-01-01T00:00:01.000Z' },
    { key: 'a', at: '2026-01-01T00:00:02.000Z' },
  ]);
});

test('attempts are those that ended and the one that runs or was the last', async () => {
  const id = await submit();
  const attempts = async () =>
    (await gateway.ask(`/api/tasks/${id}/attempts`, { as: 'viewer' })).json<AttemptList>().items;
  expect(await attempts()).toEqual([]);
  const insert = (outcome: string, at: string, error: string | null = null) =>
    gateway.db.query(
      `insert into attempts (task_id, worker, claim_no, outcome, error, started_at, ended_at) values ($1, $2, 1, $3, $4, $5::timestamptz, $5::timestamptz + interval '1 s')`,
      [id, newId(), outcome, error, at],
    );
  await insert('RETRY', '2026-01-01T00:00:00Z', '{"type":"E","message":"m"}');
  await insert('LOST', '2026-01-01T00:01:00Z');
  await start(id);
  expect(await attempts()).toEqual([
    {
      outcome: 'RETRY',
      worker: null,
      error: { type: 'E', message: 'm' },
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T00:00:01.000Z',
    },
    {
      outcome: 'LOST',
      worker: null,
      error: null,
      startedAt: '2026-01-01T00:01:00.000Z',
      endedAt: '2026-01-01T00:01:01.000Z',
    },
    { outcome: 'STARTED', worker: 'w1', error: null, startedAt: expect.any(String), endedAt: null },
  ]);
  await gateway.finish(id, 'SUCCESS', 3);
  expect((await attempts()).map(({ outcome }) => outcome)).toEqual(['RETRY', 'LOST', 'SUCCESS']);
  // Cancelled while it waited for an attempt that never came.
  await gateway.db.query(`update tasks set state = 'REVOKED', started_at = '2026-01-01T00:01:00Z' where id = $1`, [id]);
  expect((await attempts()).map(({ outcome }) => outcome)).toEqual(['RETRY', 'LOST']);
});

test('an unknown task is 404, a viewer steers nothing, a stranger sees nothing', async () => {
  for (const verb of ['revoke', 'retry'])
    expect((await gateway.ask(`/api/tasks/${newId()}/${verb}`, { method: 'POST' })).problem().code).toBe(
      'task_unknown',
    );
  expect((await gateway.ask(`/api/tasks/${newId()}/attempts`)).problem().code).toBe('task_unknown');
  const id = await submit();
  for (const verb of ['revoke', 'retry'])
    expect((await gateway.ask(`/api/tasks/${id}/${verb}`, { method: 'POST', as: 'viewer' })).status).toBe(403);
  expect((await gateway.ask(`/api/tasks/${id}/attempts`, { as: null })).status).toBe(401);
});
