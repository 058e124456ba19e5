import { add, divide, processWord, waitAndReturn } from '@lovage/contracts';
import { newId } from '@lovage/foundation';
import type { QueueDocument, TaskDocument, TaskList } from '@lovage/http-api';
import { openPlatform, type Platform } from '@lovage/platform';
import { systemClock } from '@lovage/ports';
import { HandlerTable, TaskWorker, type Handle } from '@lovage/runtime';
import { PgWorkerLease } from '@lovage/store-postgres';
import { ContractRegistry } from '@lovage/task';
import { describeWithRabbit, eventually, silentLog, testDatabase, type TestDatabase } from '@lovage/testing';
import { AccessTokens } from './auth/access-tokens.ts';
import { Gateway } from './gateway.ts';

const contracts = [add, divide, processWord, waitAndReturn];
const handlers: { name: string; handle: Handle }[] = [
  { name: add.name, handle: (input) => (input as { x: number; y: number }).x + (input as { y: number }).y },
  {
    name: divide.name,
    handle: (input) => {
      const { x, y } = input as { x: number; y: number };
      if (y === 0) throw divide.error('DivisionByZero', { x });
      return x / y;
    },
  },
  {
    name: processWord.name,
    handle: (input, task) => {
      const { word } = input as { word: string };
      task.log.info('at work', { word });
      task.progress({ percent: 100 });
      return word;
    },
  },
  {
    // Until it is cancelled.
    name: waitAndReturn.name,
    handle: (_, task) =>
      new Promise((_resolve, reject) => {
        task.signal.addEventListener('abort', () => reject(task.signal.reason as Error));
      }),
  },
];
const jwtSecret = 'a secret of thirty-two bytes or so';

/** The whole way, in one process: gateway, client, broker, worker, Postgres. */
class Whole implements AsyncDisposable {
  private constructor(
    readonly db: TestDatabase,
    private readonly platform: Platform,
    private readonly gateway: Gateway,
    private readonly worker: TaskWorker,
  ) {}

  static async open(queue: string, brokerUrl?: string): Promise<Whole> {
    const db = await testDatabase();
    const log = silentLog;
    const platform = await openPlatform({ databaseUrl: db.url, brokerUrl, log });
    await platform.start();
    const registry = new ContractRegistry(contracts);
    const { tasks, broker } = platform;
    const users = await platform.users();
    const name = 'worker-1@test';
    const info = { name, host: 'test', pid: 1, queues: [queue], concurrency: 10 };
    const lease = new PgWorkerLease({ url: db.url, info, log, onLost: (id) => worker.leaseLost(id) });
    const worker: TaskWorker = new TaskWorker(
      {
        broker,
        tasks,
        logs: platform.logs,
        queues: platform.queues,
        limits: platform.limits,
        lease,
        handlers: new HandlerTable(contracts, handlers),
        log,
      },
      { name, queues: [queue], concurrency: 10 },
    );
    await worker.start();
    const gateway = new Gateway(
      {
        client: platform.client(registry, { queues: [queue] }),
        platform,
        users,
        access: users.access,
        // The caller of these tests is in no table.
        checks: {
          standingOf: () => Promise.resolve({ role: 'operator', epoch: 0 }),
          useApiKey: () => Promise.resolve(undefined),
        },
        contracts: registry,
        log,
        clock: systemClock,
      },
      { bodyLimit: 1024 ** 2, jwtSecret, files: { folder: '/nowhere', limit: 1024 } },
    );
    await gateway.start();
    return new Whole(db, platform, gateway, worker);
  }

  async submit(name: string, body: object, prefer = 'wait=20'): Promise<{ status: number; task: TaskDocument }> {
    const token = await new AccessTokens(jwtSecret, systemClock).issue({ id: newId(), role: 'operator', epoch: 0 });
    const answer = await this.gateway.http.inject({
      method: 'POST',
      url: `/api/tasks/${name}`,
      headers: { authorization: `Bearer ${token}`, prefer },
      payload: body,
    });
    return { status: answer.statusCode, task: answer.json<TaskDocument>() };
  }

  async post<T>(url: string, body: object = {}): Promise<T> {
    const token = await new AccessTokens(jwtSecret, systemClock).issue({ id: newId(), role: 'operator', epoch: 0 });
    const headers = { authorization: `Bearer ${token}` };
    return (await this.gateway.http.inject({ method: 'POST', url, headers, payload: body })).json<T>();
  }

  /** Whatever a route answers, once it has ended. */
  async get(url: string): Promise<string> {
    const token = await new AccessTokens(jwtSecret, systemClock).issue({ id: newId(), role: 'viewer', epoch: 0 });
    return (await this.gateway.http.inject({ url, headers: { authorization: `Bearer ${token}` } })).payload;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.stop();
    await this.worker.stop();
    await this.platform.stop();
    await this.db.drop();
  }
}

const suite = (open: () => Promise<{ whole: Whole; queue: string }>) => {
  let whole: Whole;
  let options: { queue: string };
  beforeAll(async () => {
    const { queue, ...opened } = await open();
    whole = opened.whole;
    options = { queue };
  });
  afterAll(() => whole?.[Symbol.asyncDispose]());

  test('a result comes back in the answer', async () => {
    const { status, task } = await whole.submit('math.divide', { input: { x: 1, y: 2 }, options });
    expect(status).toBe(200);
    expect(task).toMatchObject({
      state: 'SUCCESS',
      result: 0.5,
      error: null,
      attempt: 1,
      retries: 0,
      worker: 'worker-1@test',
    });
    const [created, started, finished] = [task.createdAt, task.startedAt!, task.finishedAt!].map((at) =>
      Date.parse(at),
    );
    expect(created! <= started! && started! <= finished!).toBe(true);
  });

  test('a declared error comes back with its type and data', async () => {
    const { status, task } = await whole.submit('math.divide', { input: { x: 7, y: 0 }, options });
    expect(status).toBe(200);
    expect(task).toMatchObject({ state: 'FAILURE', result: null, error: { type: 'DivisionByZero', data: { x: 7 } } });
  });

  test('a crowd of them comes back, each with its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => whole.submit('math.add', { input: { x: n, y: n }, options })),
    );
    expect(answers.map(({ status, task }) => [status, task.result])).toEqual(answers.map((_, n) => [200, 2 * n]));
  });

  test('any text goes there and back', async () => {
    const word = '\u{1F600} "\\ \u2028 é 漢字 </script>'.slice(0, 40);
    const { task } = await whole.submit('text.process_word', { input: { word }, options });
    expect(task).toMatchObject({ state: 'SUCCESS', input: { word }, result: word });
  });

  test('what the handler logged and reported is in the stream of its events, before its end', async () => {
    const { task } = await whole.submit('text.process_word', { input: { word: 'lovage' }, options }, '');
    const stream = await whole.get(`/api/tasks/${task.id}/events`);
    const events = [...stream.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, event, data]) => [
      event,
      JSON.parse(data!),
    ]);
    const last = events.slice(-1)[0]!;
    expect(last).toMatchObject(['state', { state: 'SUCCESS', result: 'lovage', progress: { percent: 100 } }]);
    expect(events.filter(([event]) => event === 'log')).toMatchObject([
      ['log', { no: 1, message: 'at work', fields: { word: 'lovage' } }],
    ]);
    expect(events.filter(([event]) => event === 'progress')).toEqual([['progress', { progress: { percent: 100 } }]]);
    expect(JSON.parse(await whole.get(`/api/tasks/${task.id}/logs`))).toMatchObject({
      items: [{ message: 'at work' }],
      nextCursor: null,
    });
    expect(JSON.parse(await whole.get(`/api/tasks/${task.id}/attempts`))).toMatchObject({
      items: [{ outcome: 'SUCCESS', worker: 'worker-1@test' }],
    });
  });

  test('one that runs is cancelled: its handler hears of it, and those who wait for it are told', async () => {
    const input = { seconds: 3600, value: 'never' };
    const waiting = whole.submit('demo.wait_and_return', { input, options });
    const running = await eventually(async () => {
      const { items } = JSON.parse(await whole.get(`/api/tasks?state=STARTED&name=demo.wait_and_return`)) as TaskList;
      return items[0];
    });
    await whole.post(`/api/tasks/${running.id}/revoke`, { terminate: true, reason: 'mistake' });
    const { status, task } = await waiting;
    expect([status, task]).toMatchObject([
      200,
      { id: running.id, state: 'REVOKED', error: { type: 'Revoked', data: { reason: 'mistake' } } },
    ]);
  });

  test('a paused queue takes tasks and runs none, until it is resumed; what was cancelled meanwhile does not run', async () => {
    const { queue } = options;
    const read = async () => JSON.parse(await whole.get(`/api/queues/${queue}`)) as QueueDocument;
    expect(await whole.post(`/api/queues/${queue}/pause`, { reason: 'repairs' })).toMatchObject({
      name: queue,
      paused: { reason: 'repairs' },
    });
    await eventually(async () => (await read()).consumers === 0);
    const body = { input: { x: 1, y: 2 }, options };
    const [kept, purged] = [await whole.submit('math.add', body, ''), await whole.submit('math.add', body, '')];
    expect(await read()).toMatchObject({ ready: 2, waiting: 2, running: 0, workers: ['worker-1@test'] });
    await whole.post(`/api/tasks/revoke`, { ids: [purged.task.id] });
    await whole.post(`/api/queues/${queue}/resume`);
    const state = async (id: string) => (JSON.parse(await whole.get(`/api/tasks/${id}`)) as TaskDocument).state;
    await eventually(async () => (await state(kept.task.id)) === 'SUCCESS');
    // The message of the cancelled one is dropped by the worker that gets it.
    await eventually(async () => (await read()).ready === 0);
    expect(await state(purged.task.id)).toBe('REVOKED');
  });
};

describe('on the broker in Postgres', () => {
  suite(async () => ({ whole: await Whole.open('default'), queue: 'default' }));
});

describeWithRabbit('on RabbitMQ', (rabbit) => {
  suite(async () => {
    const queue = rabbit.queue('gateway');
    return { whole: await Whole.open(queue, rabbit.url), queue };
  });
});
