import { defineSchedule, defineTask, storedSchedule } from '@lovage/task';
import type {
  AuditList,
  FiringDocument,
  ScheduleCheckDocument,
  ScheduleDocument,
  TaskDocument,
} from '@lovage/http-api';
import { z } from 'zod';
import { TestGateway, type Ask } from '../testing/test-gateway.ts';

const noted = defineTask({
  name: 'test.noted',
  input: z.strictObject({ text: z.string(), id: z.bigint().optional() }),
  output: z.null(),
});
const bare = defineTask({
  name: 'test.bare',
  input: z.strictObject({}),
  output: z.null(),
  defaults: { record: 'none' },
});
const DAILY = {
  ...{ name: 'reports.daily', contract: 'test.noted', input: { text: 'hello' } },
  ...{ cron: '0 7 * * MON-FRI', timeZone: 'Europe/Stockholm' },
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ contracts: [noted, bare] });
  const code = defineSchedule({ name: 'of.code', contract: noted, input: { text: 'x' }, every: '1h' });
  await gateway.store.schedules.mirror([{ ...code, definition: storedSchedule(code) }]);
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => gateway.db.query("delete from schedules where source = 'api'"));

const create = (body: unknown, more: Ask = {}) => gateway.ask('/api/schedules', { method: 'POST', body, ...more });
const change = (name: string, body: unknown, more: Ask = {}) =>
  gateway.ask(`/api/schedules/${name}`, { method: 'PATCH', body, ...more });
const check = async (body: unknown) =>
  (await gateway.ask('/api/schedules/check', { body })).json<ScheduleCheckDocument>();
const get = async (name: string) => (await gateway.ask(`/api/schedules/${name}`)).json<ScheduleDocument>();

test('create, change, delete: whole, at once, in the audit log', async () => {
  const options = { queue: 'reports', expires: '2h', priority: 7, unique: true };
  const answer = await create({ ...DAILY, options, catchUp: { all: 3 } });
  expect([answer.status, answer.headers['location']]).toEqual([201, '/api/schedules/reports.daily']);
  const made = answer.json<ScheduleDocument>();
  expect(made).toMatchObject({
    ...DAILY,
    ...{ every: null, catchUp: { all: 3 }, enabled: true, source: 'api', revision: 1, stated: false, seenAt: null },
    options: { ...options, timeLimit: null, softTimeLimit: null },
  });
  expect(made.nextFirings).toHaveLength(5);
  expect(await get('reports.daily')).toEqual(made);

  const hourly = (await change('reports.daily', { every: '1h', revision: 1 })).json<ScheduleDocument>();
  expect(hourly).toMatchObject({ cron: null, timeZone: null, every: 3600, revision: 2, input: DAILY.input });
  expect(hourly).toMatchObject({ options: { queue: 'reports', priority: 7 }, catchUp: { all: 3 } });
  const bareOptions = (await change('reports.daily', { options: {}, enabled: false })).json<ScheduleDocument>();
  expect(bareOptions).toMatchObject({ enabled: false, nextFirings: [], options: { queue: null, priority: null } });
  const cron = (await change('reports.daily', { cron: '@daily', enabled: true })).json<ScheduleDocument>();
  expect(cron).toMatchObject({ cron: '@daily', timeZone: 'UTC', every: null, revision: 4 });
  // The zone alone, as it is typed into a form that has the pattern.
  expect((await change('reports.daily', { timeZone: 'Asia/Tokyo' })).json()).toMatchObject({ timeZone: 'Asia/Tokyo' });

  expect((await gateway.ask('/api/schedules/reports.daily', { method: 'DELETE' })).status).toBe(204);
  expect((await gateway.ask('/api/schedules/reports.daily')).status).toBe(404);
  const { items } = (await gateway.ask('/api/audit?action=schedule.*', { as: 'admin' })).json<AuditList>();
  expect(items.map(({ action, target, actor }) => [action, target, actor]).reverse()).toEqual([
    ['schedule.create', 'reports.daily', gateway.userId],
    ...Array.from({ length: 4 }, () => ['schedule.change', 'reports.daily', gateway.userId]),
    ['schedule.remove', 'reports.daily', gateway.userId],
  ]);
  expect(items.at(-1)!.detail).toEqual({
    contract: 'test.noted',
    kind: 'cron',
    cron: DAILY.cron,
    timeZone: DAILY.timeZone,
  });
  expect(items.at(-2)!.detail).toEqual({ changed: ['every'], every: '1h' });
});

test('runs by hand, also a number that a double would change', async () => {
  await create(`{"name":"big","contract":"test.noted","every":"1h","input":{"text":"a","id":9007199254740993}}`);
  const firing = (await gateway.ask('/api/schedules/big/run', { method: 'POST' })).json<FiringDocument>();
  const task = (await gateway.ask(`/api/tasks/${firing.taskId}`)).json<TaskDocument>();
  expect(task).toMatchObject({ input: { text: 'a', id: '9007199254740993' }, state: 'PENDING' });
});

test('what stands in code, a name that is taken, and what was changed meanwhile: 409, and nothing is done', async () => {
  const before = await get('of.code');
  expect((await change('of.code', { enabled: false })).problem()).toMatchObject({ code: 'schedule_of_code' });
  expect((await create({ ...DAILY, name: 'of.code' })).problem()).toMatchObject({ code: 'schedule_exists' });
  expect(await get('of.code')).toEqual(before);
  await create(DAILY);
  expect((await create(DAILY)).problem()).toMatchObject({ status: 409, code: 'schedule_exists' });
  await change('reports.daily', { cron: '@hourly' });
  const late = await change('reports.daily', { cron: '@weekly', revision: 1 });
  expect(late.problem()).toMatchObject({ status: 409, code: 'schedule_changed' });
  expect(await get('reports.daily')).toMatchObject({ cron: '@hourly' });
  expect((await change('nobody', {})).problem()).toMatchObject({ status: 404, code: 'schedule_unknown' });
});

test('two who change different things at once: both hold', async () => {
  await create(DAILY);
  await Promise.all([
    ...['@hourly', '@daily', '@weekly'].map((cron) => change('reports.daily', { cron })),
    change('reports.daily', { catchUp: 'skip' }),
    change('reports.daily', { input: { text: 'other' } }),
  ]);
  expect(await get('reports.daily')).toMatchObject({ revision: 6, catchUp: 'skip', input: { text: 'other' } });
});

test.each<[string, object, string, string]>([
  ['a name', { name: 'Reports daily' }, 'name', 'body_invalid'],
  ['a pattern', { cron: '0 25 * * *' }, 'cron', 'body_invalid'],
  ['a question mark', { cron: '0 0 ? * *' }, 'cron', 'body_invalid'],
  ['a pattern that never comes', { cron: '0 0 30 2 *' }, 'cron', 'body_invalid'],
  ['a zone', { timeZone: 'Europe/Atlantis' }, 'timeZone', 'body_invalid'],
  ['both', { every: '1h' }, 'every', 'body_invalid'],
  ['a zone of an interval', { cron: undefined, every: '1h' }, 'timeZone', 'body_invalid'],
  ['neither', { cron: undefined, timeZone: undefined }, 'cron', 'body_invalid'],
  ['a short interval', { cron: undefined, timeZone: undefined, every: '500ms' }, 'every', 'body_invalid'],
  ['a policy', { catchUp: { all: 0 } }, 'catchUp.all', 'body_invalid'],
  ['an unknown field', { retries: 3 }, 'retries', 'body_invalid'],
  ['an input', { input: { text: 1 } }, 'input.text', 'input_invalid'],
  ['an input that is too long', { input: { text: 'x'.repeat(20_000) } }, 'input', 'input_invalid'],
  ['an option', { options: { priority: 12 } }, 'options.priority', 'options_invalid'],
  ['an option that is of a submit alone', { options: { delay: '1h' } }, 'options.delay', 'options_invalid'],
  ['limits', { options: { timeLimit: 1, softTimeLimit: 2 } }, 'options.softTimeLimit', 'options_invalid'],
  ['a rule', { contract: 'test.bare', input: {}, options: { unique: true } }, 'options.unique', 'options_invalid'],
])('%s that cannot work is refused with its field, by check too', async (_what, part, path, code) => {
  const body = { ...DAILY, ...part };
  const problem = (await create(body)).problem();
  expect(problem).toMatchObject({ status: 422, code });
  expect(problem.errors!.map((error) => error.path)).toContain(path);
  expect((await check(body)).errors).toEqual(problem.errors);
  // What a change leaves out stays.
  if (!('name' in part) && body.cron !== undefined) {
    await create(DAILY);
    const { name: _name, ...patch } = body;
    expect((await change('reports.daily', patch)).status).toBe(422);
  }
});

test('check: the next firings as they are typed, whatever else is wrong; nothing is kept', async () => {
  const right = await check({ ...DAILY, cron: '30 2 * * *' });
  expect(right.errors).toEqual([]);
  for (const at of right.nextFirings) expect(at).toMatch(/T0[01]:30:00\.000Z$/);
  const half = await check({ name: '', cron: '*/10 * * * * *', contract: 'no.such', input: null });
  expect(half.nextFirings).toHaveLength(5);
  expect(half.errors.map(({ path }) => path)).toEqual(['name', 'contract']);
  expect((await check({})).nextFirings).toEqual([]);
  expect((await check({ every: 'soon' })).nextFirings).toEqual([]);
  expect((await gateway.ask('/api/schedules/reports.daily')).status).toBe(404);
});

test('an unknown contract is not found; too small a role is refused', async () => {
  expect((await create({ ...DAILY, contract: 'no.such' })).problem()).toMatchObject({
    status: 404,
    code: 'contract_unknown',
  });
  for (const ask of [create(DAILY, { as: 'viewer' }), change('of.code', {}, { as: 'viewer' })])
    expect((await ask).status).toBe(403);
});

test('people make a thousand at most', async () => {
  await gateway.db.query(
    `insert into schedules (name, definition, timing, source, decided_until)
     select 'n' || n, '{"contract":"test.noted","input":{},"timing":{"kind":"every","everyMs":1000},"catchUp":"skip","options":{}}',
       '{}', 'api', now() from generate_series(1, 1000) n`,
  );
  expect((await create(DAILY)).problem()).toMatchObject({ status: 409, code: 'too_many_schedules' });
});
