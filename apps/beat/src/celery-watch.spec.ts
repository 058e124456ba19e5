import amqp from 'amqplib';
import { z } from 'zod';
import { TaskRoutes } from '@lovage/foundation';
import { openPlatform, type Platform } from '@lovage/platform';
import { ContractRegistry, defineTask } from '@lovage/task';
import {
  describeWithCelery,
  describeWithRabbit,
  eventually,
  silentLog,
  startProcess,
  testDatabase,
  type TestDatabase,
  type TestProcess,
} from '@lovage/testing';
import { startBeat, type BeatApp } from './beat-app.ts';
import { APP_DIR, startFarWorker } from './testing/far-worker.ts';

const WAIT = { timeoutMs: 60_000 };

describeWithCelery('events of Celery', (python) => {
  describeWithRabbit('of a real worker', (rabbit) => {
    const queue = rabbit.queue('watched');
    const deadLetterQueue = rabbit.queue('dead');
    rabbit.alsoDelete(`${deadLetterQueue}.foreign-results`);
    rabbit.alsoDeleteExchanges(deadLetterQueue, queue);
    const node = `watched${process.pid}@spec`;

    let db: TestDatabase;
    let platform: Platform;
    let beat: BeatApp;
    let celery: TestProcess;

    beforeAll(async () => {
      db = await testDatabase();
      const settings = { databaseUrl: db.url, brokerUrl: rabbit.url, deadLetterQueue, routes: TaskRoutes.none };
      platform = await openPlatform({ ...settings, log: silentLog });
      await platform.start();
      beat = await startBeat({ settings, schedules: [], contracts: [], log: silentLog });
      celery = await startFarWorker(python, { brokerUrl: rabbit.url, queue, node, events: true });
    }, 120_000);

    afterAll(async () => {
      await celery?.kill();
      await beat?.stop();
      await platform?.stop();
      await db?.[Symbol.asyncDispose]();
    });

    const call = async (name: string, args: unknown[]): Promise<string> => {
      const given = ['-m', 'celery', '-b', rabbit.url, 'call', name, '--args', JSON.stringify(args), '--queue', queue];
      const tool = await startProcess(python, given, { cwd: APP_DIR });
      await tool.exit;
      return /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(tool.output)![0];
    };
    const mine = async () => (await platform.celeryWatch.workers()).find(({ name }) => name === node);

    test('its workers and their tasks are seen, to their ends', async () => {
      const seen = await eventually(mine, WAIT);
      expect(seen).toMatchObject({ software: 'py-celery', alive: true, goneAt: null, freq: 2 });
      const [added, failed] = [await call('far.Add', [2, 3]), await call('far.fail', ['boom'])];
      const row = async (id: string) => platform.tasks.get(id);
      await eventually(async () => (await row(added))?.finishedAt && (await row(failed))?.finishedAt, WAIT);
      expect(await row(added)).toMatchObject({
        ...{ name: 'far.Add', state: 'SUCCESS', result: '5', worker: node, input: { args: '[2, 3]', kwargs: '{}' } },
        ...{ startedAt: expect.any(Number), message: { observed: 'celery' } },
      });
      expect(await row(failed)).toMatchObject({
        ...{ state: 'FAILURE', error: { type: 'ValueError', message: 'boom', stack: expect.any(String) } },
      });
      // Counted once, and nothing of it is to be sent.
      expect(await db.query('select state, sum(n)::int as n from task_counts group by state order by state')).toEqual([
        { state: 'FAILURE', n: 1 },
        { state: 'SUCCESS', n: 1 },
      ]);
      expect(await db.query('select * from outbox')).toEqual([]);
    }, 180_000);

    test('a beat that is told not to listen shows none of them', async () => {
      await using other = await testDatabase();
      const settings = {
        ...{ databaseUrl: other.url, brokerUrl: rabbit.url, deadLetterQueue, routes: TaskRoutes.none },
        watchCelery: false,
      };
      const deaf = await startBeat({ settings, schedules: [], contracts: [], log: silentLog });
      try {
        // Two heartbeats: one that listens has them by then.
        for (let n = 0; n < 2; n += 1) {
          const before = (await mine())!.seenAt;
          await eventually(async () => (await mine())!.seenAt > before, WAIT);
        }
        expect(await other.query('select name from celery_workers')).toEqual([]);
        expect(await other.query('select holder from celery_watch')).toEqual([]);
      } finally {
        await deaf.stop();
      }
    }, 90_000);

    test('one that is rejected ends, and one that is requeued runs again; of one that is ignored nothing is told', async () => {
      const rejects = defineTask({
        ...{ name: 'far.reject', foreign: 'celery', input: z.strictObject({ requeue: z.boolean() }) },
        ...{ output: z.string(), defaults: { queue } },
      });
      const client = platform.client(new ContractRegistry([rejects]));
      const [ours, again] = [
        await client.submit(rejects, { requeue: false }, { awaitReply: false }),
        await client.submit(rejects, { requeue: true }, { awaitReply: false }),
      ];
      const [theirs, ignored] = [await call('far.reject', [false]), await call('far.ignore', [])];
      const row = async (id: string) => platform.tasks.get(id);
      await eventually(async () => {
        const ids = [ours.id, again.id, theirs];
        return (await Promise.all(ids.map(row))).every((one) => one?.finishedAt);
      }, WAIT);
      const rejected = { state: 'FAILURE', error: { type: 'Reject' }, worker: node };
      expect(await row(ours.id)).toMatchObject(rejected);
      expect(await row(theirs)).toMatchObject(rejected);
      expect(await row(again.id)).toMatchObject({ state: 'SUCCESS', result: 'mine' });
      expect(await row(ignored)).toMatchObject({ state: 'STARTED', finishedAt: null });
      // Its worker has run nothing for a minute.
      await db.query(`update tasks set started_at = now() - interval '3 minutes' where id = $1`, [ignored]);
      await eventually(async () => {
        await platform.celeryWatch.tidy();
        return (await row(ignored))?.error?.type === 'EndUntold';
      }, WAIT);
    }, 180_000);

    test('a flood of what is made up is bounded, and workers of ours are passed over', async () => {
      await db.query(
        `insert into workers (id, name, lease_until) values (gen_random_uuid(), 'ours@spec', now() + interval '1 h')`,
      );
      const connection = await amqp.connect(rabbit.url);
      try {
        const channel = await connection.createConfirmChannel();
        const send = (key: string, body: unknown) =>
          channel.publish('celeryev', key, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), {
            contentType: 'application/json',
          });
        const event = (type: string, fields: object) => ({
          type,
          hostname: 'liar@spec',
          timestamp: 1,
          clock: 1,
          ...fields,
        });
        send('worker.heartbeat', event('worker-heartbeat', { hostname: 'ours@spec', freq: 2, sw_ident: 'py-celery' }));
        send('worker.heartbeat', event('worker-heartbeat', { freq: 2, sw_ident: 'liar', pid: -1, active: 1e300 }));
        send('worker.heartbeat', '{"type":');
        send('worker.heartbeat', event('worker-heartbeat', { hostname: 'x'.repeat(1000) }));
        for (let n = 0; n < 20; n += 1)
          send(
            'task.multi',
            Array.from({ length: 100 }, (_, m) =>
              event('task-received', { uuid: `made-up-${n}-${m}`, name: 'a.b', args: 'x'.repeat(5000), kwargs: '\0' }),
            ),
          );
        send('task.multi', [
          event('task-succeeded', { uuid: 'nobody-knows', result: '1' }),
          event('task-received', { uuid: 7, name: 'a.b' }),
          event('task-received', { uuid: 'odd', name: 'a.b', eta: 'soon', root_id: {}, retries: -1 }),
        ]);
        await channel.waitForConfirms();
        await eventually(async () => {
          const [counted] = await db.query<{ n: number }>(
            `select count(*)::int as n from tasks where worker = 'liar@spec'`,
          );
          return counted!.n === 2001;
        }, WAIT);
        const names = (await platform.celeryWatch.workers()).map(({ name }) => name);
        expect(names).toContain('liar@spec');
        expect(names).not.toContain('ours@spec');
      } finally {
        await connection.close();
      }
    }, 180_000);

    test('one that has gone is told as gone, and its open tasks end', async () => {
      await celery.stop();
      expect(await eventually(async () => (await mine())?.goneAt, WAIT)).toEqual(expect.any(Number));
      await db.query(`update celery_workers set seen_at = now() - interval '2 h' where name = 'liar@spec'`);
      expect(await platform.celeryWatch.tidy()).toBe(1000);
      expect(
        await db.query(
          `select distinct error->>'type' as type from tasks where worker = 'liar@spec' and state = 'FAILURE'`,
        ),
      ).toEqual([{ type: 'WorkerLost' }]);
    }, 120_000);
  });
});
