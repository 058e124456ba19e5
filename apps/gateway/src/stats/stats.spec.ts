import { newId } from '@lovage/foundation';
import type { FailureGroupDocument, FailureGroupList, StatsDocument, TaskList } from '@lovage/http-api';
import { TestClock } from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';
import { statsRange } from './stats-range.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const iso = (ms: number): string => new Date(ms).toISOString();

let gateway: TestGateway;
/** A full hour, some hours ago. */
let t0: number;
beforeAll(async () => {
  gateway = await TestGateway.start();
  t0 = Math.floor(Date.now() / HOUR - 5) * HOUR;
  const at = (ms: number) => t0 + ms;
  await ended({ at: at(0), n: 3, ranMs: 100 });
  await ended({ at: at(10 * MINUTE), n: 1, ranMs: 1000, queue: 'mails', name: 'mail.send' });
  await ended({ at: at(10 * MINUTE), n: 2, state: 'FAILURE', ranMs: 50, error: { type: 'Sad', message: 'no user 7' } });
  await ended({ at: at(20 * MINUTE), n: 1, state: 'DEAD', error: { type: 'Sad', message: 'no user 8' } });
  await ended({
    at: at(20 * MINUTE),
    n: 1,
    state: 'FAILURE',
    name: 'mail.send',
    error: { type: 'Odd', message: '<b>x' },
  });
  await ended({ at: at(20 * MINUTE), n: 1, state: 'REVOKED' });
  await countAll();
});
afterAll(() => gateway[Symbol.asyncDispose]());

interface Ends {
  at: number;
  n: number;
  state?: string;
  ranMs?: number;
  name?: string;
  queue?: string;
  error?: object;
}

async function ended({ at, n, state = 'SUCCESS', ranMs = 10, name = 'math.add', queue = 'default', error }: Ends) {
  await gateway.db.query(
    `insert into tasks (id, name, queue, state, input, error, created_at, started_at, finished_at)
     select gen_random_uuid(), $1, $2, $3, '{"x":1,"y":2}', $4, to_timestamp($5::float8 / 1000), to_timestamp($6::float8 / 1000), to_timestamp($7::float8 / 1000 + i * 0.001)
     from generate_series(1, $8::int) as i`,
    [name, queue, state, error && JSON.stringify(error), at - ranMs - 20, at - ranMs, at, n],
  );
}

async function countAll(): Promise<void> {
  await gateway.store.history.count(1000);
  while ((await gateway.store.history.count(1000)).more);
}

const get = (path: string, headers: Record<string, string> = {}) => gateway.ask(path, { as: 'viewer', headers });
const stats = async (query: string): Promise<StatsDocument> => (await get(`/api/stats?${query}`)).json<StatsDocument>();

test('ends and times by step, as columns; nothing is 0, the unknown null', async () => {
  const document = await stats(`from=${iso(t0 - HOUR)}&to=${iso(t0 + HOUR)}&step=600`);
  expect(document).toMatchObject({ from: iso(t0 - HOUR), to: iso(t0 + HOUR), step: 600, series: [] });
  const { ended: n, failed, run, wait, overall } = document.total;
  // Before the first end that was counted nothing is known; then nothing ended.
  expect(n).toEqual([null, null, null, null, null, null, 3, 3, 3, 0, 0, 0]);
  expect(failed.slice(6)).toEqual([0, 2, 2, 0, 0, 0]);
  expect(overall).toEqual({ ended: 9, failed: 4 });
  expect(run.p50.slice(5, 10)).toEqual([null, expect.any(Number), 49, 10, null]);
  expect(Math.abs(run.p50[6]! - 100)).toBeLessThanOrEqual(10);
  expect(Math.abs(run.mean[6]! - 100)).toBeLessThanOrEqual(2);
  expect(run.overall.count).toBe(7);
  expect(run.overall.p99).toBeGreaterThan(900);
  expect(wait.overall).toMatchObject({ count: 7, mean: 20 });
});

test('a series for each state, contract or queue, those with most ends first; filters', async () => {
  const range = `from=${iso(t0)}&to=${iso(t0 + HOUR)}`;
  const keys = async (query: string) =>
    (await stats(`${range}&${query}`)).series.map(({ key, overall }) => [key, overall.ended]);
  expect(await keys('by=state')).toEqual([
    ['SUCCESS', 4],
    ['FAILURE', 3],
    ['DEAD', 1],
    ['REVOKED', 1],
  ]);
  expect(await keys('by=contract&step=3600')).toEqual([
    ['math.add', 7],
    ['mail.send', 2],
  ]);
  expect(await keys('by=queue&state=SUCCESS,FAILURE&contract=mail.send')).toEqual([
    ['default', 1],
    ['mails', 1],
  ]);
  const hour = await stats(`${range}&by=contract&step=3600`);
  expect(hour.total.ended).toEqual([9]);
  expect(hour.series[1]!.failed).toEqual([1]);
});

test('beyond the largest, series are one', async () => {
  await using other = await TestGateway.start();
  await other.db.query(
    `insert into tasks (id, name, queue, state, finished_at)
     select gen_random_uuid(), 'c' || c, 'default', 'SUCCESS', to_timestamp($1::float8 / 1000) from generate_series(1, 60) as c, generate_series(1, c)`,
    [t0],
  );
  await other.store.history.count(5000);
  await other.store.history.count(5000);
  const { series, total } = (
    await other.ask(`/api/stats?from=${iso(t0)}&to=${iso(t0 + HOUR)}&step=3600&by=contract`)
  ).json<StatsDocument>();
  expect(series).toHaveLength(51);
  expect(series[0]).toMatchObject({ key: 'c60', overall: { ended: 60 } });
  expect(series.at(-1)).toMatchObject({ key: null, overall: { ended: 55 } });
  expect(total.overall.ended).toBe(1830);
});

test('an answer that the caller has is not sent again; one look a second serves all', async () => {
  const path = `/api/stats?from=${iso(t0)}&to=${iso(t0 + HOUR)}`;
  const first = await get(path);
  const etag = String(first.headers['etag']);
  expect(first.headers['cache-control']).toBe('private, no-cache');
  const [second, other] = await Promise.all([
    get(path, { 'if-none-match': etag }),
    get(path, { 'if-none-match': '"x"' }),
  ]);
  // How far the counting has come is part of it.
  expect([200, 304]).toContain(second.status);
  expect(second.status === 304 ? second.text : '').toBe('');
  expect(other.status).toBe(200);
  const clock = new TestClock();
  let looks = 0;
  const stats = {
    span: async () => ({ countedFrom: null, countedTo: null, minutesFrom: null }),
    stats: async () => ((looks += 1), []),
    failures: async () => ({ items: [], next: null }),
  };
  await using quiet = await TestGateway.start({ clock, platform: { stats } });
  await Promise.all(Array.from({ length: 5 }, () => quiet.ask(path)));
  expect(looks).toBe(1);
  await clock.advance(1000);
  expect((await quiet.ask(path)).status).toBe(200);
  expect(looks).toBe(2);
});

test.each([
  ['step=59', 'step'],
  ['step=90', 'step'],
  ['step=0000000', 'step'],
  ['from=2020-01-01T00:00:00Z&step=60', 'step'],
  ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
  ['by=worker', 'by'],
  ['state=STARTED', 'state'],
  ['contract=%00', 'contract'],
  ['nothing=1', ''],
])('%s is refused', async (query, parameter) => {
  const answer = await get(`/api/stats?${query}`);
  expect(answer.status).toBe(422);
  expect(JSON.stringify(answer.problem().errors)).toContain(parameter);
});

test('which counts are read, and at which steps', () => {
  const now = Date.UTC(2026, 10, 29, 12, 34, 56);
  const whole = { minutesFrom: null };
  expect(statsRange({}, now, whole)).toMatchObject({ stepMs: MINUTE, grain: 'minute', points: 61 });
  expect(statsRange({ from: now - 7 * DAY }, now, whole)).toMatchObject({
    stepMs: 3 * HOUR,
    grain: 'hour',
    points: 57,
  });
  // Local midnight of a zone half an hour off, of a short time: from minutes.
  const from = now - (now % DAY) - 5.5 * HOUR;
  expect(statsRange({ from, step: 3600 }, now, whole)).toMatchObject({ from, grain: 'minute' });
  const pruned = { minutesFrom: now - 30 * DAY };
  expect(statsRange({ from: now - 31 * DAY, to: now - 31 * DAY + HOUR }, now, pruned)).toMatchObject({
    stepMs: HOUR,
    grain: 'hour',
  });
  expect(() => statsRange({ from: now - 31 * DAY, step: 900 }, now, pruned)).toThrow(/multiple of 3600/);
  // The last 30 days of a zone: from hours; a year: from days.
  expect(statsRange({ from: from - 30 * DAY, step: 86_400 }, now, pruned)).toMatchObject({ grain: 'hour', points: 31 });
  const year = statsRange({ from: now - 365 * DAY }, now, pruned);
  expect(year).toMatchObject({ stepMs: 7 * DAY, grain: 'day', points: 53 });
  expect(year.from % DAY).toBe(0);
});

test('failures are grouped: counted, traced to their tasks, paged', async () => {
  const range = `from=${iso(t0)}&to=${iso(t0 + HOUR)}`;
  const { items, nextCursor } = (await get(`/api/failures?${range}&limit=1`)).json<FailureGroupList>();
  const [sad] = items;
  expect(sad).toMatchObject({ contract: 'math.add', type: 'Sad', message: 'no user <n>', count: 3, stack: [] });
  expect(sad!.trend).toEqual([0, 0, 0, 0, 2, 0, 0, 0, 1, ...Array(15).fill(0)]);
  expect(sad!.firstSeenAt).toBe(iso(t0 + 10 * MINUTE + 1));
  const rest = (await get(`/api/failures?${range}&limit=1&cursor=${nextCursor}`)).json<FailureGroupList>();
  expect(rest.items).toMatchObject([{ contract: 'mail.send', type: 'Odd', count: 1 }]);
  expect(rest.nextCursor).toBeNull();
  const named = async (query: string) =>
    (await get(`/api/failures?${query}`)).json<FailureGroupList>().items.map(({ type, count }) => [type, count]);
  expect(await named(`${range}&contract=mail.send`)).toEqual([['Odd', 1]]);
  expect(await named(`${range}&type=Sad`)).toEqual([['Sad', 3]]);
  expect((await named(`${range}&sort=last`)).map(([type]) => type).sort()).toEqual(['Odd', 'Sad']);
  // A group that is asked for is told of, though nothing failed in the time.
  expect(await named(`from=${iso(t0 + HOUR)}&task=${sad!.sampleTaskId}`)).toEqual([['Sad', 0]]);
  expect(await named(`from=${iso(t0 + HOUR)}`)).toEqual([]);
  const one = (await get(`/api/failures/${sad!.id}?${range}`)).json<FailureGroupDocument>();
  expect(one).toEqual(sad);
  for (const id of [newId(), 'x', '%00'])
    expect((await get(`/api/failures/${id}`)).problem().code).toBe('failure_group_unknown');
  for (const query of ['cursor=x', 'task=x', 'sort=x', 'limit=0', 'from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z'])
    expect((await get(`/api/failures?${query}`)).problem().code).toBe('query_invalid');
  // Its tasks are listed and counted, and run again as one.
  const listed = (await get(`/api/tasks?failureGroup=${sad!.id.toUpperCase()}`)).json<TaskList>();
  expect(listed.items.map(({ state }) => state)).toEqual(['DEAD', 'FAILURE', 'FAILURE']);
  expect(listed.items[0]!.id).toBe(sad!.sampleTaskId);
  expect((await get(`/api/tasks/counts?failureGroup=${sad!.id}`)).json()).toMatchObject({
    states: { DEAD: 1, FAILURE: 2, SUCCESS: 0 },
  });
  const retried = await gateway.ask('/api/tasks/retry', { body: { filter: { failureGroup: sad!.id } } });
  expect(retried.json()).toMatchObject({ submitted: 3, nextCursor: null });
  // Once its tasks are deleted, the group is still counted.
  await gateway.db.query(`delete from tasks where state in ('FAILURE', 'DEAD')`);
  expect((await get(`/api/failures/${sad!.id}?from=${iso(t0)}&to=${iso(t0 + 2 * HOUR)}`)).json()).toMatchObject({
    count: 3,
    sampleTaskId: null,
  });
});

test('who reads the history is signed in', async () => {
  for (const path of ['/api/stats', '/api/failures', `/api/failures/${newId()}`])
    expect((await gateway.ask(path, { as: null })).status).toBe(401);
});
