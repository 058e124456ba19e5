import { newId } from '@lovage/foundation';
import type { QueueDocument, QueueList, RevokeManyAnswer } from '@lovage/http-api';
import { heldBroker, TestGateway } from '../testing/test-gateway.ts';

const open = () => TestGateway.start();
const submit = async (gateway: TestGateway, options: object = {}): Promise<string> =>
  (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 }, options } })).json().id;
const queueOf = async (gateway: TestGateway, name = 'default'): Promise<QueueDocument> =>
  (await gateway.ask(`/api/queues/${name}`, { as: 'viewer' })).json<QueueDocument>();
const post = (gateway: TestGateway, path: string, body?: unknown) => gateway.ask(path, { method: 'POST', body });
/** A live worker of these queues. */
async function worker(gateway: TestGateway, queues: string[], leaseSeconds = 60): Promise<string> {
  const id = newId();
  const info = { host: 'h', pid: 7, queues, concurrency: 4, contracts: ['math.add'], pool: 'async' };
  await gateway.db.query(
    `insert into workers (id, name, lease_until, info) values ($1, $2, now() + $3 * interval '1 s', $4)`,
    [id, `w-${queues.join('-')}`, leaseSeconds, JSON.stringify(info)],
  );
  return id;
}
async function telling(unacked: () => Promise<Map<string, number>>) {
  const broker = Object.assign(heldBroker(), { unacked });
  await broker.start();
  return broker;
}
const start = (gateway: TestGateway, id: string, holder: string) =>
  gateway.db.query(
    `update tasks set state = 'STARTED', claim_worker = $2, claim_no = 1, started_at = now() where id = $1`,
    [id, holder],
  );
const audited = (gateway: TestGateway) =>
  gateway.db.query<{ action: string; target: string | null; detail: unknown }>(
    'select action, target, detail from audit order by id',
  );

test('a queue tells what waits, runs and ended, who serves it, and how fast it goes', async () => {
  await using gateway = await open();
  expect(await queueOf(gateway)).toEqual({
    name: 'default',
    paused: null,
    ready: 0,
    readyByPriority: { high: 0, normal: 0, low: 0 },
    consumers: 0,
    unacked: 0,
    unackedFrom: 'tasks',
    workers: [],
    waiting: 0,
    later: 0,
    running: 0,
    oldestSeconds: null,
    inPerSecond: 0,
    outPerSecond: 0,
  });
  const holder = await worker(gateway, ['default', 'other']);
  await worker(gateway, ['default'], -60);
  const ids = [await submit(gateway), await submit(gateway), await submit(gateway), await submit(gateway)];
  await submit(gateway, { delay: '1h' });
  await start(gateway, ids[0]!, holder);
  await gateway.finish(ids[1]!, 'SUCCESS', 3);
  await gateway.db.query(`update tasks set created_at = now() - interval '10 min' where id = $1`, [ids[2]]);
  const queue = await queueOf(gateway);
  expect(queue).toMatchObject({ waiting: 3, later: 1, running: 1, workers: ['w-default-other'] });
  expect(queue.oldestSeconds).toBeGreaterThan(590);
  // Of the last minute: four submitted, that of ten minutes ago not among them; one ended.
  expect(queue.inPerSecond).toBeCloseTo(4 / 60, 5);
  expect(queue.outPerSecond).toBeCloseTo(1 / 60, 5);
  const list = (await gateway.ask('/api/queues', { as: 'viewer' })).json<QueueList>();
  expect(list.approximate).toBe(false);
  expect(list.items.map(({ name }) => name)).toEqual(expect.arrayContaining(['default', 'other']));
  expect(list.items.find(({ name }) => name === 'default')).toMatchObject({ waiting: 3, running: 1 });
});

test('while the broker is away a queue tells what the rows know', async () => {
  await using gateway = await open();
  await submit(gateway);
  gateway.broker.become('down');
  expect(await queueOf(gateway)).toMatchObject({
    ...{ ready: null, readyByPriority: null, consumers: null, waiting: 1 },
  });
});

test('a pause is kept, the first stands; it takes submits all the same; a resume ends it', async () => {
  await using gateway = await open();
  const first = await post(gateway, '/api/queues/default/pause', { reason: 'repairs' });
  expect([first.status, first.json<QueueDocument>().paused]).toMatchObject([
    200,
    { actor: gateway.userId, reason: 'repairs' },
  ]);
  const again = await post(gateway, '/api/queues/default/pause', { reason: 'another' });
  expect(again.json<QueueDocument>().paused).toEqual(first.json<QueueDocument>().paused);
  expect(await gateway.store.queues.paused(['default', 'other'])).toEqual(['default']);
  await submit(gateway);
  expect(await queueOf(gateway)).toMatchObject({ waiting: 1, paused: { reason: 'repairs' } });
  expect((await post(gateway, '/api/queues/default/resume')).json<QueueDocument>().paused).toBeNull();
  expect((await post(gateway, '/api/queues/default/resume')).status).toBe(200);
  expect(await gateway.store.queues.paused(['default'])).toEqual([]);
  expect(await audited(gateway)).toMatchObject([
    { action: 'queue.pause', target: 'default', detail: { reason: 'repairs' } },
    { action: 'queue.pause' },
    { action: 'queue.resume' },
    { action: 'queue.resume' },
  ]);
});

test('a purge ends what waits, with who and why, and leaves all else', async () => {
  await using gateway = await open();
  const holder = await worker(gateway, ['default']);
  const [running, ended] = [await submit(gateway), await submit(gateway)];
  await start(gateway, running, holder);
  await gateway.finish(ended, 'SUCCESS', 3);
  const waiting = [await submit(gateway), await submit(gateway, { delay: '1h' })];
  const elsewhere = await submit(gateway, { queue: 'elsewhere' });
  const published = gateway.broker.sent.length;
  const answer = await post(gateway, '/api/queues/default/purge', { reason: 'sent by mistake' });
  expect([answer.status, answer.json<RevokeManyAnswer>()]).toEqual([
    200,
    { revoked: 2, cancelRequested: 0, marked: 0, running: 0, ended: 0, unknown: 0, nextCursor: null },
  ]);
  for (const id of waiting)
    expect((await gateway.ask(`/api/tasks/${id}`)).json()).toMatchObject({
      state: 'REVOKED',
      error: {
        type: 'Revoked',
        message: 'sent by mistake',
        data: { actor: gateway.userId, reason: 'sent by mistake' },
      },
    });
  for (const [id, state] of [
    [running, 'STARTED'],
    [ended, 'SUCCESS'],
    [elsewhere, 'QUEUED'],
  ] as const)
    expect((await gateway.ask(`/api/tasks/${id}`)).json().state).toBe(state);
  // The messages are left to the workers: one of a task without a row yet must not be lost.
  expect(gateway.broker.sent).toHaveLength(published);
  expect(await gateway.db.query('select task_id from outbox')).toEqual([]);
  expect(await audited(gateway)).toMatchObject([{ action: 'queue.purge', target: 'default', detail: { revoked: 2 } }]);
});

test('a purge of some states, and in parts', async () => {
  await using gateway = await open();
  for (let n = 0; n < 3; n += 1) await submit(gateway, { delay: '1h' });
  const queued = await submit(gateway);
  const first = await post(gateway, '/api/queues/default/purge', { states: ['SCHEDULED'], limit: 2 });
  const { revoked, nextCursor } = first.json<RevokeManyAnswer>();
  expect([revoked, nextCursor]).toEqual([2, expect.any(String)]);
  const rest = await post(gateway, '/api/queues/default/purge', { states: ['SCHEDULED'], cursor: nextCursor });
  expect(rest.json()).toMatchObject({ revoked: 1, nextCursor: null });
  expect((await gateway.ask(`/api/tasks/${queued}`)).json().state).toBe('QUEUED');
});

test.each<[string, string, unknown, number, string]>([
  ['pause of a queue that nobody knows', 'nowhere/pause', {}, 404, 'queue_not_found'],
  ['resume of a queue that nobody knows', 'nowhere/resume', {}, 404, 'queue_not_found'],
  ['purge of a queue that nobody knows', 'nowhere/purge', {}, 404, 'queue_not_found'],
  ['pause of a name with NUL', '%00/pause', {}, 404, 'queue_not_found'],
  ['pause with an unknown field', 'default/pause', { because: 'x' }, 422, 'body_invalid'],
  ['pause with an endless reason', 'default/pause', { reason: 'x'.repeat(501) }, 422, 'body_invalid'],
  ['pause with NUL', 'default/pause', { reason: 'a\0b' }, 422, 'body_invalid'],
  ['purge of running tasks', 'default/purge', { states: ['STARTED'] }, 422, 'body_invalid'],
  ['purge of no states', 'default/purge', { states: [] }, 422, 'body_invalid'],
  ['purge with a limit of nothing', 'default/purge', { limit: 0 }, 422, 'body_invalid'],
  ['purge with an invalid cursor', 'default/purge', { cursor: 'xyz' }, 422, 'query_invalid'],
])('%s is refused', async (_, path, body, status, code) => {
  await using gateway = await open();
  const answer = await post(gateway, `/api/queues/${path}`, body);
  expect([answer.status, answer.problem().code]).toEqual([status, code]);
  expect(await gateway.db.query('select * from queues')).toEqual([]);
  expect(await audited(gateway)).toEqual([]);
});

test('messages in delivery are the broker’s word, where it tells', async () => {
  await using told = await TestGateway.start({
    broker: await telling(() => Promise.resolve(new Map([['default', 5]]))),
  });
  expect(await queueOf(told)).toMatchObject({ unacked: 5, unackedFrom: 'broker' });
  await using untold = await TestGateway.start({ broker: await telling(() => Promise.reject(new Error('away'))) });
  await start(untold, await submit(untold), await worker(untold, ['default']));
  expect(await queueOf(untold)).toMatchObject({ unacked: 1, unackedFrom: 'tasks' });
});

test('a queue that nobody knows is 404', async () => {
  await using gateway = await open();
  expect((await gateway.ask('/api/queues/nowhere')).problem().code).toBe('queue_not_found');
});
