import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { deferred, newId } from '@lovage/foundation';
import { REASON_CODES, type ExplainDocument, type ReasonCode, type ReasonDocument } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import { HandlerTable, TaskWorker, type Handle } from '@lovage/runtime';
import { PgWorkerLease } from '@lovage/store-postgres';
import { defineTask, type AnyContract } from '@lovage/task';
import { eventually, MemoryBroker, silentLog, TestClock } from '@lovage/testing';
import { TestGateway } from '../../testing/test-gateway.ts';

const job = defineTask({
  name: 'test.job',
  input: z.strictObject({}),
  output: z.unknown(),
  progress: z.strictObject({ percent: z.number() }),
  defaults: { retry: { maxAttempts: 3, delay: '1m', jitter: false } },
});
const other = defineTask({ name: 'test.other', input: z.strictObject({}), output: z.unknown() });

const capped = defineTask({
  ...{ name: 'test.capped', input: z.strictObject({ tenant: z.string() }), output: z.unknown() },
  defaults: { concurrency: { key: ({ tenant }) => tenant, limit: 1 } },
});
const paced = defineTask({
  ...{ name: 'test.paced', input: z.strictObject({}), output: z.unknown() },
  defaults: { rateLimit: '30/h' },
});

/** Codes that some test here has brought about. */
const seen = new Set<ReasonCode>();

/** A gateway, a broker in memory, and workers on them. */
class ExplainFixture implements AsyncDisposable {
  private readonly workers: TaskWorker[] = [];

  private constructor(
    readonly broker: MemoryBroker,
    readonly gateway: TestGateway,
  ) {}

  static async open(): Promise<ExplainFixture> {
    const broker = new MemoryBroker();
    await broker.start();
    await broker.declare('default');
    return new ExplainFixture(broker, await TestGateway.start({ broker, contracts: [job, other, capped, paced] }));
  }

  async worker(
    handle: Handle,
    options: { contract?: AnyContract; clock?: Clock; concurrency?: number } = {},
  ): Promise<TaskWorker> {
    const { contract = job, clock, concurrency = 1 } = options;
    const { store, db } = this.gateway;
    const name = 'w1';
    const info = { name, host: 'h', pid: 7, queues: ['default'], concurrency: 1, contracts: [contract.name] };
    const lease = new PgWorkerLease({ url: db.url, info, log: silentLog, onLost: (id) => worker.leaseLost(id) });
    const handlers = new HandlerTable([contract], [{ name: contract.name, handle }]);
    const worker: TaskWorker = new TaskWorker(
      {
        ...{ broker: this.broker, tasks: store.tasks, queues: store.queues, limits: store.limits },
        ...{ lease, handlers, log: silentLog, clock },
      },
      { name, queues: ['default'], concurrency, prefetchMultiplier: 1, shutdownGrace: 0 },
    );
    this.workers.push(worker);
    await worker.start();
    return worker;
  }

  async submit(options: object = {}, name = 'test.job', input: object = {}): Promise<string> {
    return (await this.gateway.ask(`/api/tasks/${name}`, { body: { input, options } })).json().id;
  }

  async explain(id: string): Promise<ExplainDocument> {
    const answer = await this.gateway.ask(`/api/tasks/${id}/explain`, { as: 'viewer' });
    expect(answer.status).toBe(200);
    const document = answer.json<ExplainDocument>();
    const order = document.reasons.map(({ code }) => REASON_CODES.indexOf(code));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    for (const { code } of document.reasons) seen.add(code);
    return document;
  }

  async codes(id: string): Promise<ReasonCode[]> {
    return (await this.explain(id)).reasons.map(({ code }) => code);
  }

  async reason(id: string, code: ReasonCode): Promise<ReasonDocument> {
    const { reasons } = await this.explain(id);
    const found = reasons.find((one) => one.code === code);
    if (!found) throw new Error(`no ${code} among ${JSON.stringify(reasons)}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.gateway[Symbol.asyncDispose]();
    await this.broker.stop();
  }
}

test('no live worker serves the queue', async () => {
  await using f = await ExplainFixture.open();
  const id = await f.submit();
  expect(await f.codes(id)).toEqual(['no_worker_for_queue', 'with_broker']);
  expect(await f.reason(id, 'no_worker_for_queue')).toMatchObject({
    text: expect.stringContaining('WORKER_QUEUES') as string,
    data: { queue: 'default', consumers: 0 },
  });
});

test('no live worker has a handler for the contract', async () => {
  await using f = await ExplainFixture.open();
  await f.gateway.store.queues.pause('default', { actor: null, reason: null });
  await f.worker(() => 1, { contract: other });
  const id = await f.submit();
  expect(await f.codes(id)).toEqual(['queue_paused', 'no_worker_for_contract', 'with_broker']);
  expect(await f.reason(id, 'no_worker_for_contract')).toMatchObject({
    data: {
      ...{ name: 'test.job', workers: 1, needs: { version: null, fingerprint: null }, triedAgainAt: null },
      ...{ serving: [{ worker: 'w1', contracts: [{ name: 'test.other', version: null }] }], elsewhere: [] },
    },
  });
});

/** A live worker that takes nothing. */
async function serving(f: ExplainFixture, worker: string, queue: string, contracts: object[]): Promise<void> {
  await f.gateway.db.query(
    `insert into workers (id, name, lease_until, info, serves) values ($1, $2, now() + interval '1 h', $3, $4)`,
    [newId(), worker, JSON.stringify({ queues: [queue] }), JSON.stringify(contracts)],
  );
}

test('no live worker has a handler: one has got it, who else serves what', async () => {
  await using f = await ExplainFixture.open();
  await f.worker(() => 1, { contract: other });
  await serving(f, 'w2', 'default', [{ name: 'test.old', version: 3, fingerprint: 'aa' }]);
  await serving(f, 'w3', 'elsewhere', [{ name: 'test.job', version: 1, fingerprint: 'bb' }]);
  const id = await f.submit();
  await eventually(async () => (await f.codes(id)).length === 1);
  expect(await f.explain(id)).toMatchObject({
    state: 'QUEUED',
    reasons: [
      {
        code: 'no_worker_for_contract',
        text: expect.stringMatching(/none of the 2 live workers .* worker w3 serves it in queue elsewhere$/) as string,
        since: expect.any(String) as string,
        data: {
          triedAgainAt: expect.any(String) as string,
          serving: [
            { worker: 'w1', contracts: [{ name: 'test.other', version: null }] },
            { worker: 'w2', contracts: [{ name: 'test.old', version: 3 }] },
          ],
          elsewhere: [{ worker: 'w3', queues: ['elsewhere'] }],
        },
      },
    ],
  });
  await serving(f, 'w4', 'default', [{ name: 'test.job', version: 1, fingerprint: 'cc' }]);
  expect(await f.reason(id, 'passed_on')).toMatchObject({ data: { reason: 'not_served', times: 1 } });
  const needing = { version: 2, fingerprint: 'bb' };
  await f.gateway.db.query(`update tasks set passed_on = (passed_on::jsonb || $2::jsonb)::json where id = $1`, [
    id,
    JSON.stringify({ reason: 'newer_version', ...needing }),
  ]);
  expect(await f.reason(id, 'no_worker_for_contract')).toMatchObject({
    text: expect.stringContaining('serves version 2 of test.job') as string,
    data: { needs: needing, elsewhere: [] },
  });
});

test('the message is with the broker, behind others', async () => {
  await using f = await ExplainFixture.open();
  const [started, goOn] = [deferred(), deferred()];
  await f.worker(() => {
    started.resolve();
    return goOn.promise;
  });
  await f.submit();
  await started.promise;
  const ids = [await f.submit(), await f.submit()];
  expect(await f.codes(ids[1]!)).toEqual(['with_broker']);
  expect(await f.reason(ids[1]!, 'with_broker')).toMatchObject({
    data: { queue: 'default', ready: 2, consumers: 1, broker: 'up' },
  });
  goOn.resolve();
  await eventually(async () => (await f.codes(ids[1]!))[0] === 'ended');
});

test('the queue is paused: by whom, since when and why', async () => {
  await using f = await ExplainFixture.open();
  await f.worker(() => 1);
  const pause = await f.gateway.ask('/api/queues/default/pause', { body: { reason: 'repairs' } });
  expect(pause.status).toBe(200);
  const id = await f.submit({ delay: '1h' });
  expect(await f.codes(id)).toEqual(['eta', 'queue_paused']);
  expect(await f.reason(id, 'queue_paused')).toMatchObject({
    since: pause.json<{ paused: { at: string } }>().paused.at,
    text: expect.stringContaining('repairs') as string,
    data: { queue: 'default', actor: f.gateway.userId, reason: 'repairs' },
  });
  await f.gateway.ask('/api/queues/default/resume', { method: 'POST' });
  expect(await f.codes(id)).toEqual(['eta']);
});

test('its time has not come', async () => {
  await using f = await ExplainFixture.open();
  await f.worker(() => 1);
  const id = await f.submit({ delay: '1h' });
  expect(await f.codes(id)).toEqual(['eta']);
  const { until, data } = await f.reason(id, 'eta');
  // The message is due by the database's clock, its eta was told by the gateway's.
  const eta = Date.parse((await f.gateway.ask(`/api/tasks/${id}`)).json().eta!);
  expect(Math.abs(Date.parse(until!) - eta)).toBeLessThan(10_000);
  expect(data['inSeconds']).toBeGreaterThan(3500);
  expect(data['inSeconds']).toBeLessThanOrEqual(3600);
});

test('a retry is due, after which error', async () => {
  await using f = await ExplainFixture.open();
  await f.worker(() => {
    throw new RangeError('out of range');
  });
  const id = await f.submit();
  await eventually(async () => (await f.codes(id))[0] === 'retry_due');
  expect(await f.codes(id)).toEqual(['retry_due']);
  expect(await f.reason(id, 'retry_due')).toMatchObject({
    since: expect.any(String) as string,
    until: expect.any(String) as string,
    data: { failures: 1, last: { outcome: 'RETRY', error: { type: 'RangeError', message: 'out of range' } } },
  });
});

test('its key is at its limit: which, and which tasks hold the slots, since when, on which worker', async () => {
  await using f = await ExplainFixture.open();
  const gates = [deferred(), deferred()];
  const goOn = deferred();
  let started = 0;
  await f.worker(
    () => {
      gates[started++]!.resolve();
      return goOn.promise;
    },
    { contract: capped, concurrency: 5 },
  );
  const holder = await f.submit({}, 'test.capped', { tenant: 'acme' });
  await gates[0]!.promise;
  const first = await f.submit({}, 'test.capped', { tenant: 'acme' });
  await eventually(async () => (await f.codes(first))[0] === 'concurrency_limit');
  const second = await f.submit({}, 'test.capped', { tenant: 'acme' });
  await eventually(async () => (await f.codes(second))[0] === 'concurrency_limit');
  expect(await f.codes(second)).toEqual(['concurrency_limit']);
  const since = (await f.gateway.ask(`/api/tasks/${holder}`)).json().startedAt!;
  expect(await f.reason(second, 'concurrency_limit')).toMatchObject({
    text: expect.stringMatching(
      new RegExp(
        `^test.capped for "acme" is at its limit of 1: .* ${holder}, on worker w1, for .*; 1 other waits before it$`,
      ),
    ) as string,
    data: {
      ...{ contract: 'test.capped', key: 'acme', limit: 1, inUse: 1, before: 1 },
      holders: [{ id: holder, since: expect.any(String) as string, worker: 'w1' }],
    },
  });
  const { data } = await f.reason(second, 'concurrency_limit');
  const held = Date.parse((data['holders'] as { since: string }[])[0]!.since);
  expect(Math.abs(held - Date.parse(since))).toBeLessThan(1000);

  // Raised by one: the first has a slot, and waits for it to be sent; of the second it stays true.
  await f.gateway.ask('/api/limits/test.capped', { method: 'PUT', body: { keys: { acme: 2 } } });
  expect(await f.codes(first)).toEqual(['unpublished']);
  expect(await f.reason(second, 'concurrency_limit')).toMatchObject({
    data: { limit: 2, inUse: 2, before: 0, holders: [{ id: holder }, { id: first, worker: null }] },
  });

  await f.gateway.ask('/api/limits/test.capped', { method: 'PUT', body: { keys: { acme: 0 } } });
  expect(await f.reason(second, 'concurrency_limit')).toMatchObject({
    text: 'test.capped for "acme" is paused: its limit is 0, and 2 still have slots; nobody waits before it',
    data: { limit: 0, inUse: 2 },
  });
  goOn.resolve();
});

test('it waits for its time of the rate', async () => {
  await using f = await ExplainFixture.open();
  await f.worker(() => 1, { contract: paced });
  const first = await f.submit({}, 'test.paced');
  await eventually(async () => (await f.codes(first))[0] === 'ended');
  const id = await f.submit({}, 'test.paced');
  await eventually(async () => (await f.codes(id))[0] === 'rate_limit');
  expect(await f.codes(id)).toEqual(['rate_limit']);
  const { until, data } = await f.reason(id, 'rate_limit');
  const [ticket] = await f.gateway.db.query<{ due_at: Date }>('select due_at from limit_tickets');
  expect(until).toBe(ticket!.due_at.toISOString());
  expect(data).toMatchObject({ contract: 'test.paced', key: null, rate: '30/h', intervalMs: 120_000 });
  expect(data['inSeconds']).toBeGreaterThan(60);
  expect(data['inSeconds']).toBeLessThanOrEqual(120);
});

test('the message is not published, since the broker is away', async () => {
  await using f = await ExplainFixture.open();
  await f.worker(() => 1);
  f.broker.cut();
  const id = await f.submit();
  expect(await f.codes(id)).toEqual(['unpublished']);
  expect(await f.reason(id, 'unpublished')).toMatchObject({
    since: expect.any(String) as string,
    text: expect.stringContaining('the broker is away') as string,
    data: { broker: 'down' },
  });
});

test('a worker runs it, which, since when and until when; then it is cancelled, by whom and why', async () => {
  await using f = await ExplainFixture.open();
  const [started, goOn] = [deferred(), deferred()];
  await f.worker(
    (_, task) => {
      task.progress({ percent: 40 });
      started.resolve();
      return goOn.promise;
    },
    // Time stands still: the worker does not hear that the task is cancelled.
    { clock: new TestClock(Date.now()) },
  );
  const id = await f.submit();
  await started.promise;
  await eventually(async () => (await f.explain(id)).state === 'PROGRESS');
  expect(await f.codes(id)).toEqual(['held_by_worker']);
  expect(await f.reason(id, 'held_by_worker')).toMatchObject({
    since: (await f.gateway.ask(`/api/tasks/${id}`)).json().startedAt!,
    until: expect.any(String) as string,
    data: { worker: 'w1', host: 'h', pid: 7, attempt: 1, progress: { percent: 40 } },
  });
  await f.gateway.ask(`/api/tasks/${id}/revoke`, { body: { terminate: true, reason: 'mistake' } });
  expect(await f.codes(id)).toEqual(['cancelled', 'held_by_worker']);
  expect(await f.reason(id, 'cancelled')).toMatchObject({
    since: expect.any(String) as string,
    data: { actor: f.gateway.userId, reason: 'mistake' },
  });
  goOn.resolve();
  await eventually(async () => (await f.codes(id)).at(-1) === 'ended');
  expect(await f.codes(id)).toEqual(['cancelled', 'ended']);
});

test('the worker that ran it is taken for dead', async () => {
  await using f = await ExplainFixture.open();
  const started = deferred();
  await f.worker(() => {
    started.resolve();
    return new Promise(() => undefined);
  });
  const id = await f.submit();
  await started.promise;
  await f.gateway.db.query("update workers set lease_until = now() - interval '2 s'");
  expect(await f.codes(id)).toEqual(['worker_lost']);
  expect(await f.reason(id, 'worker_lost')).toMatchObject({ data: { worker: 'w1', pid: 7 } });
});

test('workers died of it: it is in quarantine', async () => {
  await using f = await ExplainFixture.open();
  const id = await f.submit();
  for (let deaths = 0; deaths < 2; deaths += 1) {
    const worker = newId();
    await f.gateway.db.query(
      "insert into workers (id, name, lease_until) values ($1, 'doomed', now() - interval '1 min')",
      [worker],
    );
    await f.gateway.db.query(`update tasks set state = 'STARTED', claim_worker = $2, claim_no = 1 where id = $1`, [
      id,
      worker,
    ]);
    await f.gateway.store.sweep.sweep();
  }
  expect(await f.codes(id)).toEqual(['unpublished', 'no_worker_for_queue', 'quarantined']);
  expect(await f.reason(id, 'quarantined')).toMatchObject({
    text: expect.stringContaining('waits for quarantine, 0 before it'),
    // It was alone when its workers died: the first death tells enough.
    data: { suspected: 2, crashes: 0, group: 1, before: 0 },
  });
});

test('it was cancelled while it waited', async () => {
  await using f = await ExplainFixture.open();
  const id = await f.submit({ delay: '1h' });
  await f.gateway.ask(`/api/tasks/${id}/revoke`, { body: { reason: 'mistake' } });
  expect(await f.codes(id)).toEqual(['cancelled', 'ended']);
  expect(await f.reason(id, 'cancelled')).toMatchObject({ data: { actor: f.gateway.userId, reason: 'mistake' } });
  expect(await f.reason(id, 'ended')).toMatchObject({ data: { state: 'REVOKED', attempts: 0, worker: null } });
});

test('it expired, before and after somebody has noticed', async () => {
  await using f = await ExplainFixture.open();
  const id = await f.submit({ expires: '10ms' });
  await eventually(async () => (await f.codes(id))[0] === 'expired');
  expect(await f.codes(id)).toEqual(['expired', 'no_worker_for_queue', 'with_broker']);
  expect((await f.reason(id, 'expired')).since).toBe((await f.gateway.ask(`/api/tasks/${id}`)).json().expiresAt);
  await f.gateway.store.sweep.sweep();
  expect(await f.codes(id)).toEqual(['expired', 'ended']);
});

test('it has ended', async () => {
  await using f = await ExplainFixture.open();
  await f.worker(() => 1);
  const id = await f.submit();
  await eventually(async () => (await f.codes(id))[0] === 'ended');
  expect(await f.reason(id, 'ended')).toMatchObject({
    text: 'it ended SUCCESS',
    since: (await f.gateway.ask(`/api/tasks/${id}`)).json().finishedAt!,
    data: { state: 'SUCCESS', worker: 'w1', attempts: 1, error: null },
  });
});

test('its message went to the dead letters', async () => {
  await using f = await ExplainFixture.open();
  const id = await f.submit();
  await f.broker.purge('default');
  await f.broker.publish({
    queue: 'default',
    body: Buffer.from('{not json'),
    headers: { task: 'test.job', id },
    contentType: 'application/json',
    contentEncoding: 'utf-8',
  });
  await f.worker(() => 1);
  await eventually(async () => (await f.codes(id))[0] === 'dead_letter');
  expect(await f.codes(id)).toEqual(['dead_letter', 'ended']);
  expect(await f.reason(id, 'ended')).toMatchObject({
    data: { state: 'FAILURE', error: { type: 'MessageMalformed' } },
  });
});

test('the broker gave its message up: which dead letter it is', async () => {
  await using f = await ExplainFixture.open();
  const id = await f.submit();
  const deadLetter = newId();
  const row = (await f.gateway.store.tasks.get(id))!;
  await f.gateway.store.deadLetters.keep([
    {
      ...{
        id: deadLetter,
        fingerprint: deadLetter,
        redelivered: false,
        queue: 'default',
        reason: 'delivery_limit',
        code: null,
      },
      ...{
        detail: null,
        taskId: id,
        wireId: null,
        name: 'test.job',
        generation: 0,
        priority: null,
        hadRow: true,
        headers: '{}',
      },
      ...{
        contentType: null,
        contentEncoding: null,
        body: Buffer.alloc(0),
        bodySize: 0,
        diedAt: null,
        resend: false,
      },
      task: { ...row, input: null, message: null, extra: null },
      error: JSON.stringify({ type: 'MessageGivenUp', message: 'too often' }),
    },
  ]);
  expect(await f.codes(id)).toEqual(['dead_letter', 'ended']);
  expect(await f.reason(id, 'dead_letter')).toMatchObject({
    data: { message: 'too often', deadLetter, letter: deadLetter, reason: 'delivery_limit' },
  });
});

test('of a task that nobody knows: 404', async () => {
  await using f = await ExplainFixture.open();
  for (const id of [newId(), 'no-such-task']) {
    const answer = await f.gateway.ask(`/api/tasks/${id}/explain`);
    expect([answer.status, answer.problem().code]).toEqual([404, 'task_unknown']);
  }
});

test('every reason there is was brought about here', () => {
  expect([...seen].sort()).toEqual([...REASON_CODES].sort());
});

test('docs/explain.md lists every reason, and no other, in the order in which they are told', () => {
  const page = readFileSync(new URL('../../../../../docs/explain.md', import.meta.url), 'utf8');
  expect([...page.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code)).toEqual(REASON_CODES);
});
