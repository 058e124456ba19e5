import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';
import {
  describeWithRabbit,
  describeWithRedis,
  eventually,
  TcpProxy,
  testDatabase,
  type TestDatabase,
  type TestRabbit,
} from '@lovage/testing';
import { OwnRedis } from '@lovage/testing/own-redis';
import { descendants } from '../kit/processes.ts';
import { startKitWorker, type KitWorker } from './kit-run.ts';

const WAIT = { timeoutMs: 120_000 };

/** As Celery writes it. */
const sig = (task: string, args: unknown[], options: object = {}) => ({
  ...{ task: `interop.${task}`, args, kwargs: {}, options, subtask_type: null, immutable: task !== 'xsum' },
});
const chord = (header: object[], body: object) => ({
  ...{ task: 'celery.chord', args: [], options: {}, subtask_type: 'chord', immutable: false },
  kwargs: { kwargs: {}, header, body },
});

/** Publishes tasks as a Celery program does, each with a chord behind it. */
class Producer implements AsyncDisposable {
  private constructor(
    private readonly connection: amqp.ChannelModel,
    private readonly channel: amqp.Channel,
    private readonly queue: string,
  ) {}

  static async open({ url }: TestRabbit, queue: string): Promise<Producer> {
    const connection = await amqp.connect(url);
    return new Producer(connection, await connection.createChannel(), queue);
  }

  send(chain: object[]): void {
    const id = randomUUID();
    this.channel.sendToQueue(this.queue, Buffer.from(JSON.stringify([[1, 2], {}, { chain }])), {
      ...{ contentType: 'application/json', contentEncoding: 'utf-8', persistent: true, correlationId: id },
      headers: { lang: 'py', task: 'interop.add', id, root_id: id },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
  }
}

const count = async (db: TestDatabase, name: string, state: string): Promise<number> => {
  const rows = await db.query<{ n: number }>('select count(*)::int as n from tasks where name = $1 and state = $2', [
    `interop.${name}`,
    state,
  ]);
  return rows[0]!.n;
};

/** Every row of a body: each chord has one, which ran once. */
const bodies = (db: TestDatabase) =>
  db.query<{ id: string; state: string; result: number; runs: number }>(
    `select t.id, t.state, (t.result::text)::int as result, t.retries + (select count(*)::int from attempts a where a.task_id = t.id) as runs
     from tasks t where name = 'interop.xsum'`,
  );

// A server of its own each: it is killed here.
describeWithRabbit('chords when something dies', (rabbit) => {
  describeWithRedis('counted on Redis', () => {
    const start = (db: TestDatabase, backend: string, env: Record<string, string> = {}): Promise<KitWorker> =>
      startKitWorker(rabbit, {
        ...env,
        ...{ DATABASE_URL: db.url, CELERY_RESULT_BACKEND: backend, WORKER_CONCURRENCY: '8', LOG_LEVEL: 'info' },
      });

    test('Redis stopped under load: tasks go on, and each body runs once', async () => {
      await using db = await testDatabase();
      await using redis = await OwnRedis.startOnPort('--appendonly', 'yes', '--appendfsync', 'always');
      await using worker = await start(db, redis.url);
      await using producer = await Producer.open(rabbit, worker.queue);
      const chords = 150;
      const send = (from: number, to: number): void => {
        for (let n = from; n < to; n += 1)
          producer.send([chord([sig('add', [n, 1]), sig('add', [n, 2]), sig('add', [n, 3])], sig('xsum', []))]);
      };
      send(0, 60);
      await eventually(async () => (await count(db, 'xsum', 'SUCCESS')) >= 10, WAIT);
      await redis.kill();
      // Half of the chords have yet to begin, and others are in the middle.
      const before = await count(db, 'add', 'SUCCESS');
      send(60, chords);
      await eventually(async () => (await count(db, 'add', 'SUCCESS')) >= before + 60, WAIT);
      await redis.up();
      await eventually(async () => (await count(db, 'xsum', 'SUCCESS')) >= chords, WAIT);
      const found = await bodies(db);
      expect(found.map(({ state, runs }) => `${state} ${runs}`).filter((one) => one !== 'SUCCESS 0')).toEqual([]);
      const sums = Array.from({ length: chords }, (_, n) => 3 * n + 6);
      expect(found.map(({ result }) => result).sort((a, b) => a - b)).toEqual(sums);
    }, 240_000);

    test('a worker killed between the header and the body: the body runs once', async () => {
      await using db = await testDatabase();
      await using redis = await OwnRedis.startOnPort('--appendonly', 'yes');
      await using proxy = await TcpProxy.before(redis.url);
      const first = await start(db, proxy.url);
      await using producer = await Producer.open(rabbit, first.queue);
      producer.send([chord([sig('sleep', [4]), sig('sleep', [4]), sig('sleep', [4])], sig('xsum', []))]);
      await eventually(
        async () => (await db.query("select 1 from tasks where name = 'interop.sleep'")).length === 3,
        WAIT,
      );
      // Their ends are recorded, and not counted.
      proxy.blackhole();
      await eventually(async () => (await count(db, 'sleep', 'SUCCESS')) === 3, WAIT);
      for (const { pid, command } of descendants(first.process.pid))
        if (command.includes('kit-app')) process.kill(pid, 'SIGKILL');
      await first.process.exit;
      expect(await bodies(db)).toEqual([]);
      await using _second = await start(db, redis.url, { WORKER_QUEUES: first.queue });
      await eventually(async () => (await count(db, 'xsum', 'SUCCESS')) === 1, WAIT);
      expect(await bodies(db)).toMatchObject([{ state: 'SUCCESS', result: 12, runs: 0 }]);
      await first[Symbol.asyncDispose]();
    }, 240_000);
  });
});
