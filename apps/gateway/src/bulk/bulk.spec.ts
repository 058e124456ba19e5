import { encodeTask } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import type {
  AuditList,
  BulkJobDocument,
  BulkJobList,
  BulkPreviewDocument,
  TaskCountsDocument,
  UserRole,
} from '@lovage/http-api';
import { eventually } from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(async () => {
  await gateway.db.query('truncate tasks, outbox, dead_letters, bulk_jobs');
});

/** Tasks in a state, made a minute ago. */
async function tasks(count: number, state: string, queue = 'default'): Promise<void> {
  const ended = ['FAILURE', 'SUCCESS', 'DEAD'].includes(state);
  await gateway.db.query(
    `insert into tasks (id, name, queue, state, input, created_at, finished_at)
     select gen_random_uuid(), 'math.add', $3, $2, '{"x":1,"y":2}', now() - interval '1 min' - n * interval '1 ms',
       case when $4 then now() - interval '1 s' end
     from generate_series(1, $1::int) n`,
    [count, state, queue, ended],
  );
}
/** Dead letters that can be run again, made a minute ago. */
async function deadLetters(count: number, queue: string): Promise<void> {
  const made = (Date.now() - 60_000).toString(16).padStart(12, '0');
  const items = Array.from({ length: count }, () => {
    const id = `${made.slice(0, 8)}-${made.slice(8)}${newId().slice(13)}`;
    const taskId = newId();
    const input = JSON.stringify({ x: 1, y: 2 });
    const { body, headers } = encodeTask({
      ...{
        id: taskId,
        name: 'math.add',
        inputJson: input,
        rootId: taskId,
        parentId: null,
        retries: 0,
        generation: 0,
        hasRow: true,
      },
    });
    return {
      ...{ id, fingerprint: id, redelivered: false, queue, reason: 'rejected', code: null, detail: null, taskId },
      ...{
        wireId: null,
        name: 'math.add',
        generation: 0,
        priority: null,
        hadRow: false,
        headers: JSON.stringify(headers),
      },
      ...{ contentType: 'application/json', contentEncoding: 'utf-8', body, bodySize: body.length, diedAt: null },
      ...{ task: null, error: '{"type":"E","message":"m"}', resend: false },
    };
  });
  await gateway.store.deadLetters.keep(items);
}
const preview = async (body: object, as: UserRole = 'operator') => gateway.ask('/api/bulk/preview', { as, body });
/** Starts a job on what matches now. */
async function start(spec: object, more: object = {}, as: UserRole = 'operator'): Promise<BulkJobDocument> {
  const { at } = (await preview(spec, as)).json<BulkPreviewDocument>();
  const answer = await gateway.ask('/api/bulk', { as, body: { ...spec, at, reason: 'a test', ...more } });
  expect(answer.status).toBe(202);
  expect(answer.headers['location']).toBe(`/api/bulk/${answer.json<BulkJobDocument>().id}`);
  return answer.json<BulkJobDocument>();
}
const job = async (id: string) => (await gateway.ask(`/api/bulk/${id}`, { as: 'viewer' })).json<BulkJobDocument>();
const ended = (id: string) =>
  eventually(async () => {
    const found = await job(id);
    expect(found.state).not.toBe('running');
    return found;
  });
const states = async () => {
  const { states: all } = (await gateway.ask('/api/tasks/counts')).json<TaskCountsDocument>();
  return Object.fromEntries(Object.entries(all).filter(([, n]) => n > 0));
};
const auditOf = async (id: string) =>
  (await gateway.ask('/api/audit?limit=200', { as: 'admin' }))
    .json<AuditList>()
    .items.filter(({ target }) => target === id);

test('a preview counts by state; a job runs exactly those again, once', async () => {
  await tasks(120, 'FAILURE');
  await tasks(7, 'DEAD');
  await tasks(5, 'SUCCESS');
  const spec = { action: 'task.retry', filter: { queue: 'default' } };
  const seen = (await preview(spec)).json<BulkPreviewDocument>();
  expect(seen).toMatchObject({ matched: 127, complete: true, states: { FAILURE: 120, DEAD: 7 } });
  // What fails after the preview is not meant, though it was there before.
  await tasks(3, 'QUEUED');
  await gateway.db.query(`update tasks set state = 'FAILURE', finished_at = now() where state = 'QUEUED'`);
  const body = { ...spec, at: seen.at, reason: 'the provider is back' };
  const { id } = (await gateway.ask('/api/bulk', { body })).json<BulkJobDocument>();
  const done = await ended(id);
  expect(done).toMatchObject({
    ...{ state: 'done', action: 'task.retry', matched: 127, complete: true, done: 127, skipped: 0, failed: 0 },
    ...{ failures: [], error: null, reason: 'the provider is back', rate: null, filter: { queue: 'default' } },
    ...{ actor: gateway.userId, stopped: null, endedAt: expect.any(String) },
  });
  const retried = `select count(*)::int as n, count(distinct retried_from)::int as from from tasks where retried_from is not null`;
  expect(await gateway.db.query(retried)).toEqual([{ n: 127, from: 127 }]);
  const again = await ended((await gateway.ask('/api/bulk', { body })).json<BulkJobDocument>().id);
  expect(again).toMatchObject({ state: 'done', done: 0, skipped: 127 });
  expect(await gateway.db.query(retried)).toEqual([{ n: 127, from: 127 }]);

  const entries = await auditOf(id);
  expect(entries.map(({ action }) => action)).toEqual(['bulk.end', 'bulk.start']);
  expect(entries[0]).toMatchObject({ actor: gateway.userId, detail: { state: 'done', done: 127, skipped: 0 } });
  expect(entries[1]).toMatchObject({ detail: { reason: 'the provider is back', action: 'task.retry' } });
  const list = (await gateway.ask('/api/bulk?limit=1', { as: 'viewer' })).json<BulkJobList>();
  expect([list.items[0]!.id, list.nextCursor]).toEqual([again.id, again.id]);
  const next = (await gateway.ask(`/api/bulk?limit=1&state=done&cursor=${list.nextCursor}`)).json<BulkJobList>();
  expect([next.items[0]!.id, next.nextCursor]).toEqual([id, null]);
});

test('a job goes at its rate, can be stopped, and leaves the rest alone', async () => {
  await tasks(500, 'QUEUED');
  const spec = { action: 'task.revoke', filter: { queue: 'default' } };
  const { id } = await start(spec, { rate: '20/s' });
  const begun = Date.now();
  await eventually(async () => (await job(id)).done >= 30);
  // The first ten go at once, and every half second ten.
  expect(Date.now() - begun).toBeGreaterThan(900);
  const stopped = await gateway.ask(`/api/bulk/${id}/stop`, { method: 'POST' });
  expect(stopped.json<BulkJobDocument>()).toMatchObject({ state: 'stopped', stopped: { actor: gateway.userId } });
  const before = await eventually(async () => {
    const [now, revoked] = [await job(id), (await states())['REVOKED']];
    expect(now.done).toBe(revoked);
    return now;
  });
  expect(before.done).toBeLessThan(500);
  const again = (await gateway.ask(`/api/bulk/${id}/stop`, { method: 'POST' })).json<BulkJobDocument>();
  expect(again).toMatchObject({ state: 'stopped' });
  expect((await auditOf(id)).map(({ action }) => action)).toEqual(['bulk.stop', 'bulk.start']);
  const [row] = await gateway.db.query(`select distinct cancel_why as reason from tasks where state = 'REVOKED'`);
  expect(row).toEqual({ reason: 'a test' });
  const rest = (await ended((await start(spec)).id)).done;
  // Ten may have been under way when it was stopped.
  expect(rest).toBe(500 - (await job(id)).done);
  expect(await states()).toEqual({ REVOKED: 500 });
});

test('running tasks are meant only where they are to be ended', async () => {
  await tasks(2, 'STARTED');
  await tasks(3, 'QUEUED');
  const spec = { action: 'task.revoke', filter: { name: 'math.add' } };
  expect((await preview(spec)).json()).toMatchObject({ matched: 3, states: { QUEUED: 3 } });
  expect((await preview({ ...spec, terminate: true })).json()).toMatchObject({ matched: 5 });
  const none = { ...spec, filter: { state: 'SUCCESS' } };
  expect((await preview(none)).json()).toMatchObject({ matched: 0, states: {} });
  expect(await ended((await start(none)).id)).toMatchObject({ state: 'done', matched: 0, done: 0 });
});

test('deleting tasks is for administrators, and leaves those alone that live', async () => {
  await tasks(450, 'SUCCESS');
  await tasks(2, 'QUEUED');
  const spec = { action: 'task.delete', filter: { queue: 'default' } };
  expect((await preview(spec)).problem().code).toBe('forbidden');
  expect(
    (await gateway.ask('/api/bulk', { body: { ...spec, at: new Date().toISOString(), reason: 'x' } })).status,
  ).toBe(403);
  expect(await ended((await start(spec, {}, 'admin')).id)).toMatchObject({ matched: 450, done: 450 });
  expect(await states()).toEqual({ QUEUED: 2 });
});

test('dead letters are redriven, and deleted', async () => {
  await deadLetters(70, 'default');
  await deadLetters(30, 'nowhere');
  const redrive = { action: 'dead_letter.redrive', filter: { name: 'math.add' } };
  expect((await preview(redrive)).json()).toMatchObject({ matched: 100, complete: true, states: {} });
  const done = await ended((await start(redrive)).id);
  expect(done).toMatchObject({ state: 'done', done: 70, failed: 30 });
  expect(done.failures).toHaveLength(20);
  expect(done.failures[0]).toMatchObject({ code: 'queue_unknown', message: expect.stringContaining('nowhere') });
  const remove = { action: 'dead_letter.delete', filter: { queue: 'nowhere' } };
  expect(await ended((await start(remove)).id)).toMatchObject({ matched: 30, done: 30 });
  expect(await gateway.db.query('select count(*)::int as n from dead_letters')).toEqual([{ n: 70 }]);
});

test('tasks that were picked: exactly those to which it can be done, previewed, once, whatever else matches', async () => {
  await tasks(5, 'FAILURE');
  await tasks(5, 'SUCCESS');
  await tasks(5, 'QUEUED');
  const rows = await gateway.db.query<{ id: string; state: string }>('select id, state from tasks order by id');
  const of = (state: string) => rows.filter((row) => row.state === state).map(({ id }) => id);
  const picked = [...of('FAILURE').slice(0, 3), ...of('SUCCESS').slice(0, 2), ...of('QUEUED').slice(0, 2)];
  const ids = [...picked, picked[0]!, newId(), 'an id of another Celery application'];
  const retry = { action: 'task.retry', ids };
  expect((await preview(retry)).json()).toMatchObject({
    matched: 5,
    complete: true,
    states: { FAILURE: 3, SUCCESS: 2 },
  });
  const retried = await ended((await start(retry)).id);
  expect(retried).toMatchObject({ matched: 5, done: 5, skipped: 0, filter: null, picked: ids.length });
  const from = await gateway.db.query<{ of: string }>(
    'select retried_from as of from tasks where retried_from is not null',
  );
  expect(from.map((row) => row.of).sort()).toEqual(picked.slice(0, 5).sort());

  const revoked = await ended((await start({ action: 'task.revoke', ids })).id);
  expect(revoked).toMatchObject({ matched: 2, done: 2 });
  const remove = { action: 'task.delete', ids: picked };
  expect((await preview(remove)).status).toBe(403);
  expect((await preview(remove, 'admin')).json()).toMatchObject({ matched: 7 });
  expect(await ended((await start(remove, {}, 'admin')).id)).toMatchObject({ done: 7, skipped: 0 });
  expect(await gateway.db.query('select from tasks where id = any($1)', [picked])).toEqual([]);
  // What was not picked is there: of five each, and the five that run again.
  expect(await gateway.db.query('select state, count(*)::int as n from tasks group by state order by state')).toEqual([
    ...[
      { state: 'FAILURE', n: 2 },
      { state: 'PENDING', n: 5 },
      { state: 'QUEUED', n: 3 },
      { state: 'SUCCESS', n: 3 },
    ],
  ]);
});

test('a thousand picked tasks, no more, at a rate, and stopped', async () => {
  const many = { action: 'task.revoke', ids: Array.from({ length: 1001 }, newId) };
  expect((await preview(many)).problem().errors[0]).toMatchObject({ path: 'ids' });
  await tasks(1000, 'QUEUED');
  const ids = (await gateway.db.query<{ id: string }>('select id from tasks')).map(({ id }) => id);
  const { id } = await start({ action: 'task.revoke', ids }, { rate: '10/s' });
  await eventually(async () => (await job(id)).done >= 2);
  await gateway.ask(`/api/bulk/${id}/stop`, { method: 'POST' });
  const stopped = await ended(id);
  expect(stopped).toMatchObject({ state: 'stopped', matched: 1000, picked: 1000 });
  expect(stopped.done).toBeLessThan(1000);
});

test('a job that its gateway has left is taken on where it stood, without doing anything twice', async () => {
  await tasks(130, 'FAILURE');
  const at = Date.now();
  const id = newId();
  const spec = JSON.stringify({
    ...{ action: 'task.retry', filter: { queue: 'default' }, reason: 'r', at: new Date(at).toISOString() },
  });
  const held = { owner: newId(), leaseMs: 60_000 };
  await gateway.store.bulk.insert({ id, spec, at, reason: 'r', actor: gateway.userId }, 10);
  // This one may be quicker; then there is nothing to be left.
  await gateway.db.query("update bulk_jobs set lease_owner = $1, leased_until = now() + interval '1 min'", [
    held.owner,
  ]);
  expect((await job(id)).state).toBe('running');
  // It was killed after the first fifty became tasks, and before it could write so.
  const ids = (await gateway.db.query('select id from tasks order by created_at desc limit 50')).map(
    (row) => row['id'],
  );
  expect((await gateway.ask('/api/tasks/retry', { body: { ids } })).json()).toMatchObject({ submitted: 50 });
  await gateway.db.query(`update bulk_jobs set leased_until = now() - interval '1 s'`);
  expect(await ended(id)).toMatchObject({ state: 'done', matched: 130, done: 80, skipped: 50 });
  expect(await gateway.store.bulk.advance(id, held, { done: 1 })).toBe(false);
  expect(await gateway.store.bulk.finish(id, held.owner, 'failed', null)).toBe(false);
  const retried = `select count(*)::int as n, count(distinct retried_from)::int as from from tasks where retried_from is not null`;
  expect(await gateway.db.query(retried)).toEqual([{ n: 130, from: 130 }]);
});

test('a user who has lost the right has lost the job', async () => {
  await tasks(3, 'FAILURE');
  const made = { id: newId(), at: Date.now(), reason: 'r', actor: newId() };
  const spec = JSON.stringify({
    ...{ action: 'task.retry', filter: { queue: 'default' }, reason: 'r', at: new Date().toISOString() },
  });
  await gateway.store.bulk.insert({ ...made, spec }, 10);
  expect(await ended(made.id)).toMatchObject({ state: 'stopped', done: 0, stopped: { actor: null } });
});

test.each<[object, string]>([
  [{ action: 'task.retry', filter: {} }, 'filter'],
  [{ action: 'task.retry', filter: { state: 'QUEUED' } }, 'filter.state'],
  [{ action: 'task.retry', filter: { queue: 'a' }, ids: ['x'] }, 'body'],
  [{ action: 'task.retry' }, 'body'],
  [{ action: 'task.retry', ids: [] }, 'ids'],
  [{ action: 'dead_letter.delete', ids: ['x'] }, 'filter'],
  [{ action: 'task.burn', filter: { queue: 'a' } }, 'action'],
  [{ action: 'dead_letter.delete', filter: { state: 'FAILURE' } }, 'filter.state'],
  [{ action: 'task.revoke', filter: { queue: 'a' }, at: '2999-01-01T00:00:00Z' }, 'at'],
  [{ action: 'task.revoke', filter: { queue: 'a' }, at: undefined }, 'at'],
  [{ action: 'task.revoke', filter: { queue: 'a' }, reason: undefined }, 'reason'],
  [{ action: 'task.revoke', filter: { queue: 'a' }, rate: '0/s' }, 'rate'],
])('%j is refused', async (body, path) => {
  const answer = await gateway.ask('/api/bulk', { body: { at: new Date().toISOString(), reason: 'r', ...body } });
  expect([answer.status, answer.problem().errors[0]?.path]).toEqual([422, path]);
});

test('ten run at a time; one that is unknown is not found', async () => {
  const spec = { action: 'task.revoke', filter: { queue: 'default' } };
  await tasks(100, 'QUEUED');
  const ids = [];
  for (let n = 0; n < 10; n += 1) ids.push((await start(spec, { rate: '1/h' })).id);
  const body = { ...spec, at: new Date().toISOString(), reason: 'one more' };
  expect((await gateway.ask('/api/bulk', { body })).problem().code).toBe('too_many_jobs');
  for (const id of ids) await gateway.ask(`/api/bulk/${id}/stop`, { method: 'POST' });
  expect((await gateway.ask(`/api/bulk/${newId()}`)).problem().code).toBe('bulk_unknown');
  expect((await gateway.ask('/api/bulk/x/stop', { method: 'POST' })).problem().code).toBe('bulk_unknown');
});

// The last one: it stops the gateway.
test('a gateway that stops leaves its jobs where they stand, for others to take on at once', async () => {
  await tasks(100, 'QUEUED');
  const { id } = await start({ action: 'task.revoke', filter: { queue: 'default' } }, { rate: '4/s' });
  await eventually(async () => (await job(id)).done >= 2);
  await gateway.gateway.stop();
  const [row] = await gateway.db.query(
    `select state, lease_owner, leased_until, position is not null as placed, done::int from bulk_jobs where id = $1`,
    [id],
  );
  expect(row).toMatchObject({ state: 'running', lease_owner: null, leased_until: null, placed: true });
  const [{ n }] = (await gateway.db.query(`select count(*)::int as n from tasks where state = 'REVOKED'`)) as [
    { n: number },
  ];
  expect(row!['done']).toBe(n);
});
