import {
  describeWithRabbit,
  describeWithRedis,
  eventually,
  TcpProxy,
  testDatabase,
  type TestDatabase,
} from '@lovage/testing';
import { OwnRedis } from '@lovage/testing/own-redis';
import { bodies, chord, count, killWorker, Producer, sig, sumsOf } from './chord-load.ts';
import { startKitWorker, type KitWorker } from './kit-run.ts';

const WAIT = { timeoutMs: 120_000 };

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
        for (let n = from; n < to; n += 1) producer.send([sumsOf(n)]);
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
      await killWorker(first);
      expect(await bodies(db)).toEqual([]);
      await using _second = await start(db, redis.url, { WORKER_QUEUES: first.queue });
      await eventually(async () => (await count(db, 'xsum', 'SUCCESS')) === 1, WAIT);
      expect(await bodies(db)).toMatchObject([{ state: 'SUCCESS', result: 12, runs: 0 }]);
      await first[Symbol.asyncDispose]();
    }, 240_000);
  });
});
