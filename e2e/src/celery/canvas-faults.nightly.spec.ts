import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithRabbit, describeWithRedis, eventually, testDatabase, type TestDatabase } from '@lovage/testing';
import { OwnRedis } from '@lovage/testing/own-redis';
import { bodies, count, killWorker, Producer, sumsOf } from './chord-load.ts';
import { startKitWorker, type KitWorker } from './kit-run.ts';

const WAIT = { timeoutMs: 240_000 };
const OUTAGE_MS = 10_000;
/** Between two chords of the load, ms. */
const EVERY_MS = 100;
const KILLS = 4;

// A server of its own each: it is killed here.
describeWithRabbit('chords under load', (rabbit) => {
  describeWithRedis('counted on Redis', () => {
    const start = (db: TestDatabase, backend: string, env: Record<string, string> = {}): Promise<KitWorker> =>
      startKitWorker(rabbit, {
        ...env,
        ...{ DATABASE_URL: db.url, CELERY_RESULT_BACKEND: backend, WORKER_CONCURRENCY: '8', LOG_LEVEL: 'info' },
      });

    /** Sends chords and plain tasks, as long as it is not told to stop. Gives the ids of the tasks. */
    const load = (producer: Producer) => {
      const ids: string[] = [];
      let chords = 0;
      let stopped = false;
      const done = (async () => {
        for (; !stopped; chords += 1) {
          ids.push(producer.send([sumsOf(chords)]), producer.send());
          await sleep(EVERY_MS);
        }
        await producer.confirmed();
      })();
      const stop = async (): Promise<{ ids: readonly string[]; chords: number }> => {
        stopped = true;
        await done;
        return { ids, chords };
      };
      return { stop };
    };

    /** All ends are recorded, and each is on Redis; each body is there once, ran once, and has its sum. */
    const mustBeWhole = async (db: TestDatabase, redis: OwnRedis, ids: readonly string[], chords: number) => {
      await eventually(async () => (await count(db, 'xsum', 'SUCCESS')) >= chords, WAIT);
      const found = await bodies(db);
      expect(found.map(({ result }) => result).sort((a, b) => a - b)).toEqual(
        Array.from({ length: chords }, (_, n) => 3 * n + 6),
      );
      expect(found.filter(({ state }) => state !== 'SUCCESS')).toEqual([]);
      await eventually(
        async () => (await db.query('select 1 from tasks where finished_at is null')).length === 0,
        WAIT,
      );
      expect(await count(db, 'add', 'SUCCESS')).toBe(ids.length + 3 * chords);
      const rows = await db.query<{ id: string }>(
        "select coalesce(wire_id, id::text) as id from tasks where name like 'interop.%'",
      );
      const all = rows.map(({ id }) => id);
      expect(all).toHaveLength(ids.length + 4 * chords);
      const missing = () =>
        redis.ask(async (client) => {
          const found = await client.mget(all.map((id) => `celery-task-meta-${id}`));
          return found.filter((text) => text === null || (JSON.parse(text) as { status: string }).status !== 'SUCCESS')
            .length;
        });
      await eventually(async () => (await missing()) === 0, WAIT);
      return found;
    };

    test('Redis stopped for 10 s: tasks go on, nothing is lost, and each body runs once', async () => {
      await using db = await testDatabase();
      await using redis = await OwnRedis.startOnPort('--appendonly', 'yes', '--appendfsync', 'always');
      await using worker = await start(db, redis.url);
      await using producer = await Producer.open(rabbit, worker.queue);
      const { stop } = load(producer);
      await eventually(async () => (await count(db, 'xsum', 'SUCCESS')) >= 30, WAIT);
      await redis.kill();
      const before = await count(db, 'add', 'SUCCESS');
      await sleep(OUTAGE_MS);
      const meanwhile = (await count(db, 'add', 'SUCCESS')) - before;
      await redis.up();
      await sleep(OUTAGE_MS / 2);
      const { ids, chords } = await stop();
      const found = await mustBeWhole(db, redis, ids, chords);
      expect(found.filter(({ runs }) => runs !== 0)).toEqual([]);
      // Postgres is the record: the worker does not wait for Redis.
      expect(meanwhile).toBeGreaterThan(OUTAGE_MS / EVERY_MS / 2);
      process.stdout.write(`Redis away for 10 s: ${chords} chords whole, ${meanwhile} tasks ended meanwhile\n`);
    }, 600_000);

    test('the worker killed again and again: nothing is lost, and each chord has one body', async () => {
      await using db = await testDatabase();
      await using redis = await OwnRedis.startOnPort('--appendonly', 'yes', '--appendfsync', 'always');
      const workers = [await start(db, redis.url)];
      try {
        const { queue } = workers[0]!;
        await using producer = await Producer.open(rabbit, queue);
        const { stop } = load(producer);
        for (let n = 0; n < KILLS; n += 1) {
          const ended = await count(db, 'xsum', 'SUCCESS');
          await eventually(async () => (await count(db, 'xsum', 'SUCCESS')) >= ended + 20, WAIT);
          await killWorker(workers.at(-1)!);
          workers.push(await start(db, redis.url, { WORKER_QUEUES: queue }));
        }
        const { ids, chords } = await stop();
        await mustBeWhole(db, redis, ids, chords);
        process.stdout.write(`worker killed ${KILLS} times: ${chords} chords whole\n`);
      } finally {
        for (const worker of workers.reverse()) await worker[Symbol.asyncDispose]();
      }
    }, 900_000);
  });
});
