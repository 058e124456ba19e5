import { defineSchedule, defineTask, storedSchedule } from '@lovage/task';
import type { AuditList, FiringDocument, FiringList, ScheduleDocument, ScheduleList } from '@lovage/http-api';
import { openStore, type PgStore } from '@lovage/store-postgres';
import { silentLog } from '@lovage/testing';
import { z } from 'zod';
import { TestGateway } from '../testing/test-gateway.ts';

const noted = defineTask({ name: 'test.noted', input: z.strictObject({ text: z.string() }), output: z.null() });
const gone = defineTask({ name: 'test.gone', input: z.strictObject({}), output: z.null() });
const common = { contract: noted, input: { text: 'hello' } };
const schedules = [
  defineSchedule({
    ...{ ...common, name: 'daily', cron: '30 2 * * *', timeZone: 'Europe/Stockholm' },
    ...{ catchUp: { all: 5 }, queue: 'reports', expires: '1h' },
  }),
  defineSchedule({ ...common, name: 'off', every: '10s', enabled: false }),
  defineSchedule({ ...common, name: 'seconds', every: '1s' }),
  defineSchedule({ ...common, name: 'single', every: '1h', enabled: false, unique: { onConflict: 'reject' } }),
  defineSchedule({ name: 'strange', contract: gone, input: {}, every: '1h' }),
];

let gateway: TestGateway;
let store: PgStore;
beforeAll(async () => {
  gateway = await TestGateway.start({ contracts: [noted] });
  store = openStore({ url: gateway.db.url, log: silentLog });
  await store.schedules.mirror(schedules.map((schedule) => ({ ...schedule, definition: storedSchedule(schedule) })));
});
afterAll(async () => {
  await store.close();
  await gateway[Symbol.asyncDispose]();
});

const get = async (name: string) =>
  (await gateway.ask(`/api/schedules/${name}`, { as: 'viewer' })).json<ScheduleDocument>();
const post = (name: string, what: string) => gateway.ask(`/api/schedules/${name}/${what}`, { method: 'POST' });

test('the list has every schedule, whole', async () => {
  const answer = await gateway.ask('/api/schedules', { as: 'viewer' });
  expect(answer.status).toBe(200);
  const { items } = answer.json<ScheduleList>();
  expect(items.map(({ name }) => name)).toEqual(['daily', 'off', 'seconds', 'single', 'strange']);
  expect(items[0]).toEqual({
    ...{ name: 'daily', contract: 'test.noted', input: { text: 'hello' } },
    ...{ cron: '30 2 * * *', timeZone: 'Europe/Stockholm', every: null, catchUp: { all: 5 }, enabled: true },
    options: { queue: 'reports', expires: '1h', timeLimit: null, softTimeLimit: null, priority: null, unique: null },
    ...{ paused: null, lastFiring: null },
    nextFirings: expect.any(Array),
    ...{ source: 'code', revision: 1, stated: true, seenAt: expect.any(String), updatedAt: expect.any(String) },
  });
  expect(items[0]!.nextFirings).toHaveLength(5);
  for (const at of items[0]!.nextFirings) expect(at).toMatch(/T0[01]:30:00\.000Z$/);
  expect(items[1]).toMatchObject({ every: 10, cron: null, timeZone: null, enabled: false, nextFirings: [] });
  expect(await get('daily')).toMatchObject({ name: 'daily' });
});

test('pause and resume: told at once, idempotent, in the audit log', async () => {
  const paused = (await post('seconds', 'pause')).json<ScheduleDocument>();
  expect(paused).toMatchObject({ paused: { at: expect.any(String), actor: gateway.userId }, nextFirings: [] });
  expect((await post('seconds', 'pause')).json<ScheduleDocument>()).toEqual(paused);
  const resumed = await post('seconds', 'resume');
  expect(resumed.status).toBe(200);
  expect(resumed.json<ScheduleDocument>()).toMatchObject({ paused: null });
  expect((await get('seconds')).nextFirings).toHaveLength(5);
  const { items } = (await gateway.ask('/api/audit', { as: 'admin' })).json<AuditList>();
  expect(items.map(({ action, target, actor }) => [action, target, actor]).reverse()).toEqual([
    ['schedule.pause', 'seconds', gateway.userId],
    ['schedule.pause', 'seconds', gateway.userId],
    ['schedule.resume', 'seconds', gateway.userId],
  ]);
});

test('run: a task of the user who asked, as the schedule says, also of one that does not fire by itself', async () => {
  const answer = await post('off', 'run');
  expect(answer.status).toBe(202);
  const firing = answer.json<FiringDocument>();
  expect(firing.trigger).toBe('manual');
  expect(answer.headers['location']).toBe(`/api/tasks/${firing.taskId}`);
  const task = (await gateway.ask(`/api/tasks/${firing.taskId}`)).json();
  expect(task).toMatchObject({ name: 'test.noted', input: { text: 'hello' }, state: 'PENDING', user: gateway.userId });
  const { dueAt, firedAt, taskId } = firing;
  expect((await get('off')).lastFiring).toEqual({ dueAt, firedAt, taskId });
  const daily = (await post('daily', 'run')).json<FiringDocument>();
  const sent = (await gateway.ask(`/api/tasks/${daily.taskId}`)).json();
  expect(sent.queue).toBe('reports');
  expect(sent.expiresAt).not.toBeNull();
});

test('run: a conflicting unique task is named, and nothing fires', async () => {
  const first = (await post('single', 'run')).json<FiringDocument>();
  const refused = await post('single', 'run');
  expect([refused.status, refused.headers['location']]).toEqual([409, `/api/tasks/${first.taskId}`]);
  expect(refused.problem()).toMatchObject({ code: 'task_not_unique', taskId: first.taskId });
  const { items } = (await gateway.ask('/api/schedules/single/firings')).json<FiringList>();
  expect(items.map(({ taskId }) => taskId)).toEqual([first.taskId]);
  expect((await get('single')).options).toMatchObject({ unique: { onConflict: 'reject' } });
});

test('history: newest first, page by page', async () => {
  for (let n = 0; n < 5; n += 1) await post('seconds', 'run');
  const first = (await gateway.ask('/api/schedules/seconds/firings?limit=3')).json<FiringList>();
  expect(first.items).toHaveLength(3);
  const second = (
    await gateway.ask(`/api/schedules/seconds/firings?limit=3&cursor=${first.nextCursor}`, { as: 'viewer' })
  ).json<FiringList>();
  expect(second.nextCursor).toBeNull();
  const all = [...first.items, ...second.items];
  expect(all.map(({ dueAt }) => dueAt)).toEqual([...new Set(all.map(({ dueAt }) => dueAt))].sort().reverse());
  expect(all).toHaveLength(5);
  expect(first.items[0]!.task).toEqual({ state: 'PENDING', startedAt: null, finishedAt: null });
  await gateway.finish(first.items[0]!.taskId, 'SUCCESS', null);
  await gateway.db.query('delete from tasks where id = $1', [first.items[1]!.taskId]);
  const later = (await gateway.ask('/api/schedules/seconds/firings?limit=2')).json<FiringList>().items;
  expect(later).toMatchObject([{ task: { state: 'SUCCESS', finishedAt: expect.any(String) } }, { task: null }]);
  expect((await gateway.ask('/api/schedules/strange/firings')).json<FiringList>()).toEqual({
    items: [],
    nextCursor: null,
  });
});

test.each<[string, 'GET' | 'POST', number, string]>([
  ['/api/schedules/nobody', 'GET', 404, 'schedule_unknown'],
  ['/api/schedules/nobody/firings', 'GET', 404, 'schedule_unknown'],
  ['/api/schedules/a%00b/firings', 'GET', 404, 'schedule_unknown'],
  ['/api/schedules/nobody/pause', 'POST', 404, 'schedule_unknown'],
  ['/api/schedules/a%00b/pause', 'POST', 404, 'schedule_unknown'],
  ['/api/schedules/a%00b/resume', 'POST', 404, 'schedule_unknown'],
  ['/api/schedules/nobody/run', 'POST', 404, 'schedule_unknown'],
  ['/api/schedules/strange/run', 'POST', 404, 'contract_unknown'],
  ['/api/schedules/seconds/firings?limit=0', 'GET', 422, 'query_invalid'],
  ['/api/schedules/seconds/firings?limit=201', 'GET', 422, 'query_invalid'],
  ['/api/schedules/seconds/firings?cursor=x', 'GET', 422, 'query_invalid'],
  ['/api/schedules/seconds/firings?cursor=999999999999999.manual', 'GET', 422, 'query_invalid'],
  ['/api/schedules/seconds/firings?page=1', 'GET', 422, 'query_invalid'],
])('%s (%s): %d %s', async (url, method, status, code) => {
  const answer = await gateway.ask(url, { method });
  expect(answer.problem()).toMatchObject({ status, code });
});

test('what a running beat has in its code is not removed; else it is, its history stays', async () => {
  const remove = (name: string) => gateway.ask(`/api/schedules/${name}`, { method: 'DELETE' });
  expect((await remove('seconds')).problem()).toMatchObject({ status: 409, code: 'schedule_stated' });
  expect((await remove('nobody')).problem()).toMatchObject({ status: 404, code: 'schedule_unknown' });
  await gateway.db.query("update schedules set seen_at = now() - interval '2 min'");
  expect(await get('seconds')).toMatchObject({ stated: false, nextFirings: [] });
  expect((await gateway.ask('/api/schedules/seconds', { method: 'DELETE', as: 'viewer' })).status).toBe(403);
  expect((await remove('seconds')).status).toBe(204);
  expect((await gateway.ask('/api/schedules')).json<ScheduleList>().items).toHaveLength(schedules.length - 1);
  expect((await post('seconds', 'run')).problem().code).toBe('schedule_unknown');
  expect((await gateway.ask('/api/schedules/seconds/firings')).json<FiringList>().items).toHaveLength(5);
  const { items } = (await gateway.ask('/api/audit', { as: 'admin' })).json<AuditList>();
  expect(items[0]).toMatchObject({ action: 'schedule.remove', target: 'seconds', actor: gateway.userId });
});
