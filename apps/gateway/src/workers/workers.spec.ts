import { newId } from '@lovage/foundation';
import { WorkerDetail, WorkerList } from '@lovage/http-api';
import { TestGateway } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
beforeEach(() => gateway.db.query('truncate workers, gone_workers, tasks, outbox cascade'));
afterAll(() => gateway[Symbol.asyncDispose]());

const SERVES = [{ name: 'math.add', version: 2, fingerprint: '9f86d081884c7d65' }];
/** A row of `workers`, as its lease writes it. */
async function worker(name: string, { lease = 60, pid = 7, columns = '' } = {}): Promise<string> {
  const id = newId();
  const info = { host: 'h', pid, queues: ['default'], concurrency: 4, contracts: ['math.add'], pool: 'async' };
  const vitals = { slots: 4, slotsUsed: 1, waiting: 2, cpu: 0.25, eventLoopDelayMs: 12, eventLoopUse: 0.1 };
  await gateway.db.query(
    `insert into workers (id, name, lease_until, seen_at, memory_mb, info, serves, vitals)
     values ($1, $2, now() + $3 * interval '1 s', now(), 90, $4, $5, $6)`,
    [id, name, lease, JSON.stringify(info), JSON.stringify(SERVES), JSON.stringify(vitals)],
  );
  if (columns !== '') await gateway.db.query(`update workers set ${columns} where id = $1`, [id]);
  return id;
}
const remove = (id: string) => gateway.db.query('delete from workers where id = $1', [id]);
const list = async (query = ''): Promise<WorkerList> =>
  WorkerList.parse((await gateway.ask(`/api/workers${query}`, { as: 'viewer' })).json());
const statuses = async (query: string) =>
  (await list(query)).items.map(({ name, status, death }) => [name, status, death?.code ?? null]);
const get = async (name: string): Promise<WorkerDetail> =>
  WorkerDetail.parse((await gateway.ask(`/api/workers/${name}`, { as: 'viewer' })).json());
async function run(holder: string, secondsAgo: number): Promise<string> {
  const { id } = (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } })).json();
  await gateway.db.query(
    `update tasks set state = 'STARTED', claim_worker = $2, claim_no = 1, started_at = now() - $3 * interval '1 s' where id = $1`,
    [id, holder, secondsAgo],
  );
  return id;
}
const time = expect.stringMatching(/Z$/) as string;

test('a worker tells its slots, what it serves, how its process does, and what it runs with its age', async () => {
  const id = await worker('w1');
  const [young, old] = [await run(id, 5), await run(id, 90)];
  const expected = {
    ...{
      id,
      kind: 'lovage',
      name: 'w1',
      status: 'live',
      death: null,
      host: 'h',
      pid: 7,
      pool: 'async',
      queues: ['default'],
    },
    ...{ contracts: ['math.add'], serves: SERVES, concurrency: 4, running: 2, oldestRunningAt: time },
    vitals: { slots: 4, slotsUsed: 1, waiting: 2, cpu: 0.25, memoryMb: 90, eventLoopDelayMs: 12, eventLoopUse: 0.1 },
    ...{ startedAt: time, seenAt: time, leaseUntil: time, goneAt: null, held: null },
  };
  expect((await list()).items).toEqual([expected]);
  const detail = await get('w1');
  expect(detail).toMatchObject({ ...expected, earlier: [] });
  expect(detail.tasks.map((task) => task.id)).toEqual([old, young]);
  expect(detail.tasks[0]).toMatchObject({ name: 'math.add', queue: 'default', state: 'STARTED', attempt: 1 });
  expect(detail.tasks[0]!.seconds).toBeGreaterThanOrEqual(90);
  const { tasks } = (await gateway.ask(`/api/workers/${id}?limit=1`)).json<WorkerDetail>();
  expect(tasks.map((task) => task.id)).toEqual([old]);
});

test('a worker of an older release, or one that tells nonsense, is shown with what can be read', async () => {
  await worker('old', { columns: 'info = null, serves = null, vitals = null, memory_mb = null, seen_at = null' });
  await worker('odd', {
    columns: `info = '[1]', serves = '[{"name": 1}, 2, null]', vitals = '{"slots": -1, "cpu": "x", "eventLoopUse": 7}'`,
  });
  const untold = { slots: null, slotsUsed: null, waiting: null, cpu: null, eventLoopDelayMs: null };
  expect((await list()).items).toMatchObject([
    { name: 'odd', host: null, queues: [], contracts: null, serves: [], vitals: { ...untold, eventLoopUse: 1 } },
    { name: 'old', host: null, seenAt: null, serves: null, vitals: { ...untold, eventLoopUse: null, memoryMb: null } },
  ]);
});

test('a worker of Celery is listed as what it is, while its heartbeats come and for a day after', async () => {
  await gateway.db.query('truncate celery_workers');
  const seen = { pid: 5, software: 'py-celery', version: '5.2.6', active: 1, processed: 9, freq: 2, gone: false };
  await gateway.store.celeryWatch.seen(
    ['a@py', 'b@py', 'c@py'].map((name) => ({ ...seen, name, gone: name === 'c@py' })),
  );
  await gateway.db.query(`update celery_workers set seen_at = now() - interval '1 min' where name = 'b@py'`);
  const { items } = await list('?status=live,stopping,dead,stopped');
  expect(items.map(({ name, kind, status, death }) => [name, kind, status, death?.code ?? null])).toEqual([
    ['a@py', 'celery', 'live', null],
    ['b@py', 'celery', 'dead', 'heartbeat_missed'],
    ['c@py', 'celery', 'stopped', null],
  ]);
  expect(await get('a@py')).toMatchObject({ host: 'py', pid: 5, running: 1, pool: 'py-celery 5.2.6', tasks: [] });
  expect(await get(items[0]!.id)).toMatchObject({ name: 'a@py' });
  await gateway.db.query('truncate celery_workers');
});

test('why a worker is thought dead, from the end of its lease on until a day after it has gone', async () => {
  await worker('a-live');
  await worker('b-stopping', { columns: 'stopping = true' });
  await worker('c-killed', { lease: -2 });
  expect(await statuses('')).toEqual([
    ['a-live', 'live', null],
    ['b-stopping', 'stopping', null],
  ]);
  expect(await statuses('?status=dead')).toEqual([['c-killed', 'dead', 'lease_ended']]);
  const swept = await worker('d-swept', { lease: -2, columns: 'held = 3' });
  await gateway.store.sweep.sweep();
  await worker('c-again', { lease: -2 });
  await remove(await worker('e-stopped', { columns: 'stopping = true' }));
  await remove(await worker('f-killed-at-its-stop', { lease: -2, columns: 'stopping = true' }));
  await remove(await worker('g-deleted'));
  await remove(await worker('h-stopped-of-old', { columns: 'seen_at = null' }));
  await remove(await worker('i-goes-on', { lease: -2, pid: 99 }));
  await worker('i-goes-on', { pid: 99 });
  expect((await statuses('?status=dead&status=stopped')).sort()).toEqual([
    ['c-again', 'dead', 'lease_ended'],
    ['c-killed', 'dead', 'lease_ended'],
    ['d-swept', 'dead', 'lease_ended'],
    ['e-stopped', 'stopped', null],
    ['f-killed-at-its-stop', 'dead', 'lease_ended_stopping'],
    ['g-deleted', 'dead', 'removed'],
    ['h-stopped-of-old', 'stopped', null],
    ['i-goes-on', 'dead', 'lease_taken_anew'],
  ]);
  expect(await get(swept)).toMatchObject({ held: 3, goneAt: time, running: 0, tasks: [], serves: SERVES });
  expect(await get('i-goes-on')).toMatchObject({ status: 'live', earlier: [{ status: 'dead' }] });
  await gateway.db.query(`update gone_workers set gone_at = now() - interval '25 h' where name < 'i'`);
  expect(await statuses('?status=dead,stopped')).toEqual([
    ['c-again', 'dead', 'lease_ended'],
    ['i-goes-on', 'dead', 'lease_taken_anew'],
  ]);
  await remove(await worker('j'));
  expect(await gateway.db.query('select name from gone_workers order by name')).toEqual([
    { name: 'i-goes-on' },
    { name: 'j' },
  ]);
});

test.each([
  ['/api/workers/nobody', 404, 'worker_unknown'],
  ['/api/workers/%00', 404, 'worker_unknown'],
  ['/api/workers?status=alive', 422, 'query_invalid'],
  ['/api/workers/nobody?limit=0', 422, 'query_invalid'],
])('%s is refused', async (path, status, code) => {
  const answer = await gateway.ask(path);
  expect([answer.status, answer.problem().code]).toEqual([status, code]);
  expect((await gateway.ask(path, { as: null })).status).toBe(401);
});
