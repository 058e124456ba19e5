import { uuidFrom } from '@lovage/foundation';
import { defineTask } from '@lovage/task';
import { z } from 'zod';
import { TestGateway } from '../testing/test-gateway.ts';

const noFields = defineTask({ name: 'test.no_fields', input: z.strictObject({}), output: z.null() });
const limited = defineTask({
  name: 'test.limited',
  input: z.strictObject({ text: z.string() }),
  output: z.string(),
  defaults: { queue: 'limited', timeLimit: '10s', softTimeLimit: '5s', expires: '1h' },
});

let gateway: TestGateway;
beforeAll(async () => {
  const { allContracts } = await import('@lovage/contracts');
  gateway = await TestGateway.start({ contracts: [...allContracts, noFields, limited] });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const divide = { input: { x: 1, y: 2 } };
const submit = (body: unknown, headers: Record<string, string> = {}) =>
  gateway.ask('/api/tasks/math.divide', { body, headers });
const stored = async (): Promise<number> =>
  (await gateway.db.query<{ n: number }>('select count(*)::int as n from tasks'))[0]!.n;

test('a submit is answered 202 with the task document and where it is to be found', async () => {
  const answer = await submit(divide);
  expect(answer.status).toBe(202);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  const task = answer.json();
  expect(task).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    name: 'math.divide',
    queue: 'default',
    priority: null,
    state: 'QUEUED',
    input: { x: 1, y: 2 },
    result: null,
    error: null,
    progress: null,
    attempt: 0,
    retries: 0,
    worker: null,
    eta: null,
    expiresAt: null,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    startedAt: null,
    finishedAt: null,
    parentId: null,
    rootId: task.id,
    retriedFrom: null,
    scheduledFor: null,
    tags: [],
    escaped: null,
    user: gateway.userId,
  });
  expect(answer.headers['location']).toBe(`/api/tasks/${task.id}`);
  expect(gateway.broker.sent.at(-1)).toMatchObject({
    queue: 'default',
    headers: { id: task.id, task: 'math.divide' },
  });
  const found = await gateway.ask(String(answer.headers['location']), { as: 'viewer' });
  expect(found.status).toBe(200);
  expect(found.json()).toEqual({ ...task, createdAt: expect.any(String) });
});

test('by name it is the same', async () => {
  const answer = await gateway.ask('/api/tasks', { body: { name: 'math.add', input: { x: 1, y: 2 } } });
  expect(answer.status).toBe(202);
  expect(answer.json()).toMatchObject({ name: 'math.add', state: 'QUEUED', input: { x: 1, y: 2 } });
});

test.each([
  ['/api/tasks/no.such', divide],
  ['/api/tasks', { name: 'no.such', ...divide }],
  ['/api/tasks/__proto__', divide],
  ['/api/tasks', { name: 'constructor', ...divide }],
])('an unknown contract is 404: POST %s', async (url, body) => {
  const answer = await gateway.ask(url, { body });
  expect(answer.status).toBe(404);
  expect(answer.problem().code).toBe('contract_unknown');
});

test('input left out is an empty one', async () => {
  const answer = await gateway.ask('/api/tasks/test.no_fields', { body: {} });
  expect(answer.status).toBe(202);
  expect(answer.json().input).toEqual({});
});

test('input that does not fit names each path, and nothing is stored', async () => {
  const before = await stored();
  const answer = await submit({ input: { x: 'a' } });
  expect(answer.status).toBe(422);
  expect(answer.problem()).toEqual({
    type: 'urn:lovage:problem:input_invalid',
    title: 'The input does not fit the contract',
    status: 422,
    code: 'input_invalid',
    detail: '2 things are wrong with the input of math.divide',
    errors: [
      { path: 'input.x', message: expect.any(String) },
      { path: 'input.y', message: expect.any(String) },
    ],
    requestId: answer.headers['x-request-id'],
  });
  expect(await stored()).toBe(before);
});

describe('options', () => {
  test('a delay is SCHEDULED, with its eta', async () => {
    const before = Date.now();
    const task = (await submit({ ...divide, options: { delay: '10s', queue: 'default', expires: 60 } })).json();
    expect(task.state).toBe('SCHEDULED');
    expect(Date.parse(task.eta!) - before).toBeGreaterThanOrEqual(10_000);
    expect(Date.parse(task.eta!) - before).toBeLessThan(15_000);
    expect(Date.parse(task.expiresAt!) - Date.parse(task.eta!)).toBe(50_000);
    const found = (await gateway.ask(`/api/tasks/${task.id}`)).json();
    expect(found).toEqual({ ...task, createdAt: expect.any(String) });
  });

  test('an eta with an offset is shown in UTC', async () => {
    const eta = '2036-05-05T12:00:00+02:00';
    expect((await submit({ ...divide, options: { eta } })).json().eta).toBe('2036-05-05T10:00:00.000Z');
  });

  test('an eta that has just gone by means now', async () => {
    const eta = new Date(Date.now() - 30_000).toISOString();
    expect((await submit({ ...divide, options: { eta } })).json().state).toBe('QUEUED');
  });

  test('time limits travel with the message', async () => {
    const answer = await submit({ ...divide, options: { timeLimit: '2m', softTimeLimit: 90.5 } });
    expect(answer.status).toBe(202);
    expect(gateway.broker.sent.at(-1)!.headers['timelimit']).toEqual([120, 90.5]);
  });

  test('a priority is shown in the document and in lists, and travels with the message', async () => {
    for (const priority of [0, 5, 9]) {
      const task = (await submit({ ...divide, options: { priority } })).json();
      expect(task.priority).toBe(priority);
      expect(gateway.broker.sent.at(-1)).toMatchObject({ priority, headers: { id: task.id } });
      expect((await gateway.ask(`/api/tasks/${task.id}`)).json().priority).toBe(priority);
      const list = await gateway.ask('/api/tasks?limit=1');
      expect(list.json<{ items: unknown[] }>().items).toMatchObject([{ id: task.id, priority }]);
    }
    expect((await submit(divide)).json().priority).toBeNull();
    expect(gateway.broker.sent.at(-1)!.priority).toBeUndefined();
  });

  const inAnHour = new Date(Date.now() + 3600_000).toISOString();
  const anHourAgo = new Date(Date.now() - 3600_000).toISOString();
  test.each([
    [{ delay: -1 }, 'options.delay'],
    [{ delay: '10 parsecs' }, 'options.delay'],
    [{ delay: '4000d' }, 'options.delay'],
    [{ delay: null }, 'options.delay'],
    [{ delay: '10s', eta: inAnHour }, 'options.eta'],
    [{ eta: '2036-05-05T12:00:00' }, 'options.eta'],
    [{ eta: '2036-02-30T12:00:00Z' }, 'options.eta'],
    [{ eta: 'tomorrow' }, 'options.eta'],
    [{ eta: anHourAgo }, 'options.eta'],
    [{ expires: 0 }, 'options.expires'],
    [{ expires: 'x' }, 'options.expires'],
    [{ expires: anHourAgo }, 'options.expires'],
    [{ expires: '10s', delay: '10s' }, 'options.expires'],
    [{ expires: '30m', eta: inAnHour }, 'options.expires'],
    [{ expires: inAnHour, delay: '2h' }, 'options.expires'],
    [{ timeLimit: 0 }, 'options.timeLimit'],
    [{ timeLimit: '10s', softTimeLimit: '10s' }, 'options.softTimeLimit'],
    [{ queue: '' }, 'options.queue'],
    [{ queue: 'a b' }, 'options.queue'],
    [{ queue: 'q'.repeat(201) }, 'options.queue'],
    [{ priority: 10 }, 'options.priority'],
    [{ idempotencyKey: 'k' }, 'options.idempotencyKey'],
    [{ userId: 'someone else' }, 'options.userId'],
    [[], 'options'],
    ['10s', 'options'],
  ])('%j is refused at %s', async (options, path) => {
    const before = await stored();
    const answer = await submit({ ...divide, options });
    expect(answer.status).toBe(422);
    const problem = answer.problem();
    expect(problem.code).toBe('options_invalid');
    expect(problem.errors.map((error) => error.path)).toEqual([path]);
    expect(await stored()).toBe(before);
  });

  test.each([
    [{ timeLimit: '5s' }, 'options.timeLimit'],
    [{ softTimeLimit: '10s' }, 'options.softTimeLimit'],
    [{ delay: '2h' }, 'options.expires'],
  ])('%j is refused at %s beside what the contract says', async (options, path) => {
    const answer = await gateway.ask('/api/tasks/test.limited', { body: { input: { text: 'a' }, options } });
    expect(answer.status).toBe(422);
    expect(answer.problem().errors.map((error) => error.path)).toEqual([path]);
  });

  test('what the contract says holds where the options say nothing', async () => {
    const before = Date.now();
    const task = (await gateway.ask('/api/tasks/test.limited', { body: { input: { text: 'a' } } })).json();
    expect(task.queue).toBe('limited');
    expect(Math.abs(Date.parse(task.expiresAt!) - before - 3600_000)).toBeLessThan(10_000);
  });

  test('a queue that does not exist is named', async () => {
    const answer = await submit({ ...divide, options: { queue: 'nowhere' } });
    expect(answer.status).toBe(422);
    expect(answer.problem()).toMatchObject({
      code: 'queue_unknown',
      errors: [{ path: 'options.queue', message: expect.stringContaining('nowhere') }],
    });
  });
});

describe('Idempotency-Key', () => {
  const keyed = (key: string, body: unknown = divide) => submit(body, { 'idempotency-key': key });

  test('the same submit gives the same task, once', async () => {
    const before = await stored();
    const first = await keyed('once');
    const again = await keyed('once', { input: { y: 2, x: 1 } });
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.json().id).toBe(first.json().id);
    expect(again.headers['location']).toBe(first.headers['location']);
    expect(await stored()).toBe(before + 1);
  });

  test('an ended task is shown as it ended', async () => {
    const { id } = (await keyed('ended')).json();
    await gateway.finish(id, 'SUCCESS', 0.5);
    const again = await keyed('ended');
    expect(again.status).toBe(202);
    expect(again.json()).toMatchObject({ id, state: 'SUCCESS', result: 0.5 });
  });

  test.each([
    ['other-input', { input: { x: 1, y: 3 } }],
    ['other-options', { ...divide, options: { delay: '1h' } }],
  ])('%s is refused', async (what, body) => {
    expect((await keyed(what)).status).toBe(202);
    const answer = await keyed(what, body);
    expect(answer.status).toBe(422);
    expect(answer.problem().code).toBe('idempotency_key_reused');
  });

  test('it holds for one contract and one user', async () => {
    const first = (await keyed('mine')).json();
    const other = await gateway.ask('/api/tasks/math.add', { body: divide, headers: { 'idempotency-key': 'mine' } });
    expect(other.status).toBe(202);
    expect(other.json().id).not.toBe(first.id);
  });

  test('of many at once one is made', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => keyed('crowd')));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202]));
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
  });

  test.each(['', 'a b', 'a\tb', 'é', 'k'.repeat(256)])('%j is no key', async (key) => {
    const answer = await keyed(key);
    expect(answer.status).toBe(422);
    expect(answer.problem()).toMatchObject({ code: 'header_invalid', errors: [{ path: 'headers.idempotency-key' }] });
  });
});

test('a task is found by its id in any case, and by the id that Celery knows it by', async () => {
  const { id } = (await submit(divide)).json();
  expect((await gateway.ask(`/api/tasks/${id.toUpperCase()}`)).json().id).toBe(id);
  const ofCelery = uuidFrom('celery-task-1');
  await gateway.db.query(
    `insert into tasks (id, wire_id, name, queue, state) values ($1, 'celery-task-1', 'a.b', 'q', 'QUEUED')`,
    [ofCelery],
  );
  expect((await gateway.ask('/api/tasks/celery-task-1')).json()).toMatchObject({ id: ofCelery, input: null });
});

test.each(['01890a5d-ac96-774b-bcce-b302099a8057', 'no-uuid', '%00', '1', "';drop table tasks;--"])(
  'an unknown id is 404: %s',
  async (id) => {
    const answer = await gateway.ask(`/api/tasks/${id}`);
    expect(answer.status).toBe(404);
    expect(answer.problem().code).toBe('task_unknown');
  },
);
