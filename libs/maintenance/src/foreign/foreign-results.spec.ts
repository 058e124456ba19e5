import { encodeResult, taskIdOf } from '@lovage/celery';
import { LovageClient, TaskFailedError } from '@lovage/client';
import { foreignResultsQueue, type Delivery } from '@lovage/ports';
import { openStore, type PgStore } from '@lovage/store-postgres';
import { ContractRegistry, defineTask, TASK_STATES } from '@lovage/task';
import { eventually, MemoryBroker, RecordingLog, silentLog, testDatabase, type TestDatabase } from '@lovage/testing';
import { z } from 'zod';
import { ForeignResults, type SettledResult } from './foreign-results.ts';

const add = defineTask({
  ...{ name: 'py.Add', foreign: 'celery' },
  input: z.strictObject({ x: z.number(), y: z.number() }),
  output: z.number(),
  defaults: { queue: 'python' },
});

/** A client, a beat's collector, and a Celery worker in the test's hands. */
class ForeignFixture implements AsyncDisposable {
  readonly broker = new MemoryBroker();
  readonly log = new RecordingLog();
  readonly deliveries: Delivery[] = [];
  readonly settled: SettledResult[] = [];
  readonly client: LovageClient;
  readonly results: ForeignResults;

  private constructor(
    readonly db: TestDatabase,
    readonly store: PgStore,
  ) {
    const { broker } = this;
    const { tasks, outbox } = store;
    this.client = new LovageClient({ broker, tasks, outbox, contracts: new ContractRegistry([add]), log: silentLog });
    this.results = new ForeignResults({ broker, foreign: store.foreign, log: this.log });
    this.results.settled.on((one) => this.settled.push(one));
  }

  static async open(): Promise<ForeignFixture> {
    const db = await testDatabase();
    const fixture = new ForeignFixture(db, openStore({ url: db.url, log: silentLog }));
    await fixture.broker.start();
    await fixture.broker.declare('python');
    await fixture.broker.consume('python', { prefetch: 100, onDelivery: (one) => fixture.deliveries.push(one) });
    await fixture.results.start();
    return fixture;
  }

  /** What a worker says of a task; resolves when it is settled. */
  async say(body: object | string | Buffer, correlationId = 'none'): Promise<SettledResult> {
    const { task_id: id, status } = body as { task_id?: string; status?: string };
    const settled = this.results.settled.next(
      ({ report }) => id === undefined || (report.taskId === taskIdOf(id) && report.state === stateOf(status!)),
    );
    await this.broker.publish({
      queue: foreignResultsQueue(this.broker),
      body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      ...{ contentType: 'application/json', contentEncoding: 'utf-8', headers: {}, correlationId },
    });
    return settled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.results.stop();
    await this.client.stop();
    await this.broker.stop();
    await this.store.close();
    await this.db[Symbol.asyncDispose]();
  }
}

const stateOf = (status: string): string => ((TASK_STATES as readonly string[]).includes(status) ? status : 'PROGRESS');
const result = (id: string, status: string, value: unknown = null) => ({
  ...{ task_id: id, status, result: value, traceback: null, children: [] },
});

describe('results of foreign tasks', () => {
  test('a task of another platform is followed from start to end, and its client is told', async () => {
    await using it = await ForeignFixture.open();
    const handle = await it.client.submit(add, { x: 2, y: 3 });
    const waiting = handle.result();
    await eventually(() => it.deliveries.length === 1);
    const [message] = it.deliveries;
    expect(message).toMatchObject({ replyTo: 'lovage.foreign-results', correlationId: handle.id });
    expect(JSON.parse(String(message!.body))).toMatchObject([[], { x: 2, y: 3 }, {}]);

    const row = () => it.store.tasks.get(handle.id);
    await it.say(result(handle.id, 'STARTED', { pid: 7, hostname: 'py@host' }));
    expect(await row()).toMatchObject({ state: 'STARTED', worker: 'py@host', startedAt: expect.any(Number) });
    await it.say(result(handle.id, 'HALFWAY', { current: 1 }));
    expect(await row()).toMatchObject({ state: 'PROGRESS', progress: { current: 1 } });
    await it.say(result(handle.id, 'RETRY', { exc_type: 'KeyError', exc_message: ['k'], exc_module: 'builtins' }));
    expect(await row()).toMatchObject({ state: 'RETRY', retries: 1, finishedAt: null });
    await it.say(result(handle.id, 'SUCCESS', 5));
    expect(await row()).toMatchObject({
      state: 'SUCCESS',
      result: 5,
      worker: 'py@host',
      finishedAt: expect.any(Number),
    });
    expect(await waiting).toBe(5);
    const counts = await it.db.query('select state, sum(n)::int as n from task_counts group by state');
    expect(counts).toEqual([{ state: 'SUCCESS', n: 1 }]);
  });

  test('what has ended stays as it ended', async () => {
    await using it = await ForeignFixture.open();
    const { id } = await it.client.submit(add, { x: 1, y: 1 }, { awaitReply: false });
    await it.say(result(id, 'SUCCESS', 2));
    expect(await it.say(result(id, 'FAILURE', { exc_type: 'E', exc_message: ['late'] }))).toMatchObject({
      recorded: { state: 'SUCCESS', changed: false },
    });
    expect(await it.store.tasks.get(id)).toMatchObject({ state: 'SUCCESS', result: 2, error: null });
  });

  test('no other task is touched: not one of ours, not one that nobody knows', async () => {
    await using it = await ForeignFixture.open();
    const ours = defineTask({ name: 'our.add', input: z.object({}), output: z.null(), defaults: { queue: 'python' } });
    const { id } = await it.client.submit(ours, {}, { awaitReply: false });
    expect(await it.say(result(id, 'SUCCESS', 'forged'))).toMatchObject({ recorded: undefined });
    expect(await it.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', result: null });
    expect(await it.say(result('nobody', 'SUCCESS', 1))).toMatchObject({ recorded: undefined });
  });

  test('many reports in one batch are recorded in their order', async () => {
    await using it = await ForeignFixture.open();
    const ids = await Promise.all(
      Array.from(
        { length: 30 },
        async (_, n) => (await it.client.submit(add, { x: n, y: 0 }, { awaitReply: false })).id,
      ),
    );
    const said = ids.flatMap((id, n) => [it.say(result(id, 'STARTED', {})), it.say(result(id, 'SUCCESS', n))]);
    await Promise.all(said);
    const rows = await it.db.query<{ n: number }>(
      `select result::text::int as n from tasks where state = 'SUCCESS' order by n`,
    );
    expect(rows.map(({ n }) => n)).toEqual(ids.map((_, n) => n));
  });

  test('whole numbers that no double holds keep their digits', async () => {
    await using it = await ForeignFixture.open();
    const { id } = await it.client.submit(add, { x: 1, y: 1 }, { awaitReply: false });
    await it.say(
      `{"task_id": "${id}", "status": "SUCCESS", "result": {"snowflake": 9007199254740993}, "children": []}`,
    );
    expect((await it.store.tasks.get(id))?.result).toEqual({ snowflake: '9007199254740993' });
  });

  test('a result that is not JSON ends the task with the reason', async () => {
    await using it = await ForeignFixture.open();
    const handle = await it.client.submit(add, { x: 1, y: 1 });
    const waiting = handle.result();
    const body = `{"task_id": "${handle.id}", "status": "SUCCESS", "result": NaN, "traceback": null, "children": []}`;
    await it.say(body, handle.id);
    await expect(waiting).rejects.toThrow('ResultUnreadable');
  });

  test('a result that does not fit the contract is told to the caller as that', async () => {
    await using it = await ForeignFixture.open();
    const handle = await it.client.submit(add, { x: 1, y: 1 });
    const waiting = handle.result();
    await it.say(result(handle.id, 'SUCCESS', 'two'));
    await expect(waiting).rejects.toThrow(TaskFailedError);
    await expect(waiting).rejects.toThrow("the worker's result does not fit py.Add: result: ");
  });

  test('what Postgres refuses fails alone', async () => {
    await using it = await ForeignFixture.open();
    const submits = [1, 2, 3].map((x) => it.client.submit(add, { x, y: 0 }, { awaitReply: false }));
    const [one, two, three] = (await Promise.all(submits)).map(({ id }) => id);
    const said = [
      it.say(result(one!, 'SUCCESS', 1)),
      it.say(encodeResult({ taskId: two!, status: 'SUCCESS', resultJson: '"\\ud800"' })),
      it.say(result(three!, 'SUCCESS', 3)),
    ];
    await Promise.all(said);
    const states = await it.db.query(`select id from tasks where state = 'SUCCESS' and id = any($1)`, [[one, three]]);
    expect(states).toHaveLength(2);
  });

  test('a message that is no result is dropped with a line in the log', async () => {
    await using it = await ForeignFixture.open();
    const logged = it.log.logged.next(({ level }) => level === 'warn');
    await it.broker.publish({
      ...{ queue: foreignResultsQueue(it.broker), body: Buffer.from('hello'), contentType: 'text/plain' },
      ...{ contentEncoding: 'utf-8', headers: {} },
    });
    await logged;
    expect((await it.broker.depth(foreignResultsQueue(it.broker))).ready).toBe(0);
  });

  test('stopped while Postgres is away it requeues the results', async () => {
    await using it = await ForeignFixture.open();
    const { id } = await it.client.submit(add, { x: 1, y: 1 }, { awaitReply: false });
    const away = new ForeignResults({
      broker: it.broker,
      foreign: { report: () => Promise.reject(new Error('away')) },
      log: it.log,
    });
    await it.results.stop();
    await away.start();
    const tried = it.log.logged.next(({ level }) => level === 'warn');
    await it.broker.publish({
      ...{ queue: foreignResultsQueue(it.broker), body: Buffer.from(JSON.stringify(result(id, 'SUCCESS', 2))) },
      ...{ contentType: 'application/json', contentEncoding: 'utf-8', headers: {}, correlationId: id },
    });
    await tried;
    await away.stop();
    const again = new ForeignResults({ broker: it.broker, foreign: it.store.foreign, log: silentLog });
    const settled = again.settled.next();
    await again.start();
    await settled;
    await again.stop();
    expect(await it.store.tasks.get(id)).toMatchObject({ state: 'SUCCESS', result: 2 });
  });
});
