import { TaskFailedError } from '@lovage/client';
import { TaskRoutes } from '@lovage/foundation';
import { openPlatform, type Platform } from '@lovage/platform';
import { ContractRegistry, defineTask } from '@lovage/task';
import {
  describeWithCelery,
  describeWithRabbit,
  eventually,
  silentLog,
  testDatabase,
  type TestDatabase,
  type TestProcess,
} from '@lovage/testing';
import { z } from 'zod';
import { startBeat, type BeatApp } from './beat-app.ts';
import { startFarWorker } from './testing/far-worker.ts';

describeWithCelery('foreign tasks', (python) => {
  describeWithRabbit('served by a real Celery worker', (rabbit) => {
    const queue = rabbit.queue('celery');
    const deadLetterQueue = rabbit.queue('dead');
    rabbit.alsoDelete(
      `${deadLetterQueue}.foreign-results`,
      `${deadLetterQueue}.foreign-results~high`,
      `${deadLetterQueue}.foreign-results~low`,
    );
    rabbit.alsoDeleteExchanges(deadLetterQueue, queue);

    const foreign = <I extends z.ZodRawShape, O extends z.ZodType>(name: string, input: I, output: O) =>
      defineTask({ name, foreign: 'celery', input: z.strictObject(input), output, defaults: { queue } });
    const add = foreign('far.Add', { x: z.number(), y: z.number() }, z.number());
    const fail = foreign('far.fail', { message: z.string() }, z.null());
    const steps = foreign('far.steps', { count: z.number() }, z.object({ steps: z.number() }));
    const retry = foreign('far.retry', { times: z.number() }, z.number());
    const nan = foreign('far.nan', {}, z.number());
    const registry = new ContractRegistry([add, fail, steps, retry, nan]);

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
      celery = await startFarWorker(python, { brokerUrl: rabbit.url, queue, node: 'far@spec' });
    }, 90_000);

    afterAll(async () => {
      await celery?.kill();
      await beat?.stop();
      await platform?.stop();
      await db?.[Symbol.asyncDispose]();
    });

    const client = () => platform.client(registry);
    const row = async (id: string) => (await platform.tasks.get(id))!;
    const ended = (id: string) => eventually(async () => (await row(id)).finishedAt !== null);

    test('its result comes to who waits, typed, and stays in the row with the worker’s name', async () => {
      const handle = await client().submit(add, { x: 2, y: 3 });
      expect(await handle.result({ timeout: '30s' })).toBe(5);
      expect(await row(handle.id)).toMatchObject({
        ...{ state: 'SUCCESS', result: 5, worker: 'far@spec', retries: 0 },
        ...{ startedAt: expect.any(Number), finishedAt: expect.any(Number) },
      });
    });

    test('nobody need wait for it', async () => {
      const { id } = await client().submit(add, { x: 20, y: 22 }, { awaitReply: false });
      await ended(id);
      expect(await row(id)).toMatchObject({ state: 'SUCCESS', result: 42 });
    });

    test('its exception is the error of the task', async () => {
      const handle = await client().submit(fail, { message: 'no luck' });
      const failure = await handle.result({ timeout: '30s' }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(TaskFailedError);
      expect((await row(handle.id)).error).toMatchObject({
        ...{ type: 'ValueError', message: 'no luck', stack: expect.stringContaining('Traceback') },
      });
    });

    test('what it reports is its progress', async () => {
      const handle = await client().submit(steps, { count: 3 });
      const seen: unknown[] = [];
      for await (const value of handle.progress()) seen.push(value);
      expect(seen.at(-1)).toEqual({ current: 3, total: 3 });
      expect(await handle.result()).toEqual({ steps: 3 });
    });

    test('its retries are counted', async () => {
      const handle = await client().submit(retry, { times: 2 });
      expect(await handle.result({ timeout: '30s' })).toBe(2);
      expect(await row(handle.id)).toMatchObject({ state: 'SUCCESS', retries: 2 });
    });

    test('NaN, which is no JSON, ends it with the reason', async () => {
      const handle = await client().submit(nan, {});
      await expect(handle.result({ timeout: '30s' })).rejects.toThrow('ResultUnreadable');
    });

    test('an unknown name is the worker’s refusal', async () => {
      const handle = await client().submitForeign({ name: 'far.nowhere' }, { queue });
      await expect(handle.result({ timeout: '30s' })).rejects.toThrow('NotRegistered');
    });

    test('by name, with positional arguments, without a contract', async () => {
      const handle = await client().submitForeign({ name: 'far.Add', args: [1], kwargs: { y: 2 } }, { queue });
      expect(await handle.result({ timeout: '30s' })).toBe(3);
    });

    test('later, through the outbox', async () => {
      const { id } = await client().submit(add, { x: 1, y: 1 }, { delay: '300ms', awaitReply: false });
      expect(await row(id)).toMatchObject({ state: 'SCHEDULED' });
      await ended(id);
      expect(await row(id)).toMatchObject({ state: 'SUCCESS', result: 2 });
    });

    test('while the beat is away results wait for it', async () => {
      await beat.stop();
      const { id } = await client().submit(add, { x: 3, y: 4 }, { awaitReply: false });
      const results = `${deadLetterQueue}.foreign-results`;
      await eventually(async () => (await platform.broker.depth(results)).ready >= 2);
      expect(await row(id)).toMatchObject({ state: 'QUEUED' });
      const settings = { databaseUrl: db.url, brokerUrl: rabbit.url, deadLetterQueue, routes: TaskRoutes.none };
      beat = await startBeat({ settings, schedules: [], contracts: [], log: silentLog });
      await ended(id);
      expect(await row(id)).toMatchObject({ state: 'SUCCESS', result: 7 });
    });
  });
});
