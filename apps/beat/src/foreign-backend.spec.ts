import { fileURLToPath } from 'node:url';
import { TaskFailedError } from '@lovage/client';
import { TaskRoutes } from '@lovage/foundation';
import { openPlatform, type Platform } from '@lovage/platform';
import { ContractRegistry, defineTask } from '@lovage/task';
import {
  describeWithCelery,
  describeWithRabbit,
  describeWithRedis,
  eventually,
  silentLog,
  startProcess,
  testDatabase,
  type TestDatabase,
  type TestProcess,
} from '@lovage/testing';
import { z } from 'zod';
import { startBeat, type BeatApp } from './beat-app.ts';

const KIT = fileURLToPath(new URL('../../../e2e/celery-kit/', import.meta.url));

// Every task of Celery's conformance kit, submitted from TypeScript to its own worker, which keeps results on Redis and replies to nobody.
describeWithCelery('foreign tasks', (python) => {
  describeWithRabbit('of the kit’s worker', (rabbit) => {
    describeWithRedis('with results on Redis', (url) => {
      const [queue, deadLetterQueue] = [rabbit.queue('kit-py'), rabbit.queue('dead')];
      rabbit.alsoDelete(`${deadLetterQueue}.foreign-results`);
      rabbit.alsoDeleteExchanges(deadLetterQueue, queue);

      const foreign = <I extends z.ZodRawShape, O extends z.ZodType>(name: string, input: I, output: O) =>
        defineTask({
          ...{ name: `interop.${name}`, foreign: 'celery' as const, input: z.strictObject(input), output },
          defaults: { queue },
        });
      const [x, y] = [z.number(), z.number()];
      const add = foreign('add', { x, y }, z.number());
      const mul = foreign('mul', { x, y }, z.number());
      const xsum = foreign('xsum', { numbers: z.array(z.number()) }, z.number());
      const hold = foreign('sleep', { seconds: z.number() }, z.number());
      const fail = foreign('fail', { kind: z.string(), message: z.string() }, z.null());
      const progress = foreign('slow_progress', { steps: z.int(), delay: z.number() }, z.object({ steps: z.int() }));
      const retry = foreign(
        'retry_then_ok',
        { fail_times: z.int(), countdown: z.number() },
        z.object({ retries: z.int() }),
      );
      const exhaust = foreign('retry_exhaust', {}, z.null());
      const onError = foreign('on_error', { failed_task_id: z.string() }, z.string());
      const headers = foreign(
        'headers',
        {},
        z.looseObject({ id: z.string(), timelimit: z.array(z.number().nullable()) }),
      );
      const soft = foreign('soft', { seconds: z.number() }, z.string());
      const all = [add, mul, xsum, hold, fail, progress, retry, exhaust, onError, headers, soft];
      const registry = new ContractRegistry(all);

      let db: TestDatabase;
      let platform: Platform;
      let beat: BeatApp;
      let celery: TestProcess;

      beforeAll(async () => {
        db = await testDatabase();
        const shared = {
          backend: { url, expiresMs: 600_000, transport: undefined },
          queues: [queue],
          trackStarted: false,
        };
        const settings = {
          ...{ databaseUrl: db.url, brokerUrl: rabbit.url, deadLetterQueue, routes: TaskRoutes.none, celery: shared },
        };
        platform = await openPlatform({ ...settings, log: silentLog });
        await platform.start();
        beat = await startBeat({ settings, schedules: [], contracts: [], log: silentLog });
        const args = [
          '-m',
          'celery',
          '-A',
          'worker_app',
          'worker',
          '-c',
          '4',
          '-Q',
          queue,
          '-n',
          'kit@py',
          '-l',
          'INFO',
        ];
        const env = { BROKER_URL: rabbit.url, RESULT_BACKEND: url, QUEUE: queue, PYTHONDONTWRITEBYTECODE: '1' };
        celery = await startProcess(python, args, { cwd: KIT, env, ready: /kit@py ready/, timeoutMs: 60_000 });
      }, 90_000);

      afterAll(async () => {
        await celery?.kill();
        await beat?.stop();
        await platform?.stop();
        await db?.[Symbol.asyncDispose]();
      });

      const client = () => platform.client(registry);
      const row = async (id: string) => (await platform.tasks.get(id))!;
      const wait = { timeout: '30s' } as const;

      test('results come to who waits, typed, and stay in the rows', async () => {
        const one = await client().submit(add, { x: 2, y: 3 });
        const two = await client().submit(mul, { x: 1.5, y: 2 });
        const sum = await client().submit(xsum, { numbers: [1, 2, 3] });
        const slept = await client().submit(hold, { seconds: 0.1 });
        const told = await client().submit(onError, { failed_task_id: 'abc' });
        expect(await one.result(wait)).toBe(5);
        expect(await two.result(wait)).toBe(3);
        expect(await sum.result(wait)).toBe(6);
        expect(await slept.result(wait)).toBe(0.1);
        expect(await told.result(wait)).toBe('errback:abc');
        expect(await row(one.id)).toMatchObject({ state: 'SUCCESS', result: 5, finishedAt: expect.any(Number) });
      });

      test('by name, with positional and keyword arguments', async () => {
        const handle = await client().submitForeign(
          { name: 'interop.echo', args: ['é', [1]], kwargs: { b: { c: null } } },
          { queue },
        );
        expect(await handle.result(wait)).toEqual({ args: ['é', [1]], kwargs: { b: { c: null } } });
      });

      test('what it reports is its progress, with the worker that runs it', async () => {
        const { id } = await client().submit(progress, { steps: 4, delay: 1 }, { awaitReply: false });
        await eventually(async () => ['STARTED', 'PROGRESS'].includes((await row(id)).state));
        await eventually(async () => {
          const { progress: seen } = await row(id);
          return typeof seen === 'object' && seen !== null && 'total' in seen && seen.total === 4;
        });
        await eventually(async () => (await row(id)).finishedAt !== null);
        expect(await row(id)).toMatchObject({ state: 'SUCCESS', result: { steps: 4 } });
      });

      test.each([
        ['ValueError', 'boom'],
        ['KeyError', 'k'],
        ['AppError', 'bad, 42'],
      ])('%s is the error of the task', async (kind, message) => {
        const handle = await client().submit(fail, { kind, message: message.split(',')[0]! });
        await expect(handle.result(wait)).rejects.toBeInstanceOf(TaskFailedError);
        expect((await row(handle.id)).error).toMatchObject({
          ...{ type: kind, message, stack: expect.stringContaining('Traceback') },
        });
      });

      test('retries are seen, and their end', async () => {
        const { id } = await client().submit(retry, { fail_times: 2, countdown: 1.5 }, { awaitReply: false });
        await eventually(async () => (await row(id)).state === 'RETRY');
        await eventually(async () => (await row(id)).finishedAt !== null);
        expect(await row(id)).toMatchObject({ state: 'SUCCESS', result: { retries: 2 } });
        const used = await client().submit(exhaust, {});
        await expect(used.result(wait)).rejects.toThrow('never');
      });

      test('limits of the submit, and its headers', async () => {
        const handle = await client().submit(headers, {}, { timeLimit: '30s', softTimeLimit: '20s' });
        expect(await handle.result(wait)).toMatchObject({ id: handle.id, timelimit: [30, 20] });
        const softly = await client().submit(soft, { seconds: 5 }, { softTimeLimit: '1s' });
        expect(await softly.result(wait)).toBe('soft-limit');
        const hard = await client().submit(hold, { seconds: 20 }, { timeLimit: '1s' });
        await expect(hard.result(wait)).rejects.toThrow('TimeLimitExceeded');
      });

      test('an unknown name, and bad arguments', async () => {
        const unknown = await client().submitForeign({ name: 'interop.nowhere' }, { queue });
        await expect(unknown.result(wait)).rejects.toThrow('NotRegistered');
        const bad = await client().submitForeign({ name: 'interop.add', args: [1, 2, 3] }, { queue });
        await expect(bad.result(wait)).rejects.toThrow('TypeError');
      });

      test('while the beat is away results wait for it', async () => {
        await beat.stop();
        const { id } = await client().submit(add, { x: 3, y: 4 }, { awaitReply: false });
        await celery.line(new RegExp(`${id}.*succeeded`));
        expect((await row(id)).finishedAt).toBeNull();
        const shared = {
          backend: { url, expiresMs: 600_000, transport: undefined },
          queues: [queue],
          trackStarted: false,
        };
        const settings = {
          ...{ databaseUrl: db.url, brokerUrl: rabbit.url, deadLetterQueue, routes: TaskRoutes.none, celery: shared },
        };
        beat = await startBeat({ settings, schedules: [], contracts: [], log: silentLog });
        await eventually(async () => (await row(id)).finishedAt !== null);
        expect(await row(id)).toMatchObject({ state: 'SUCCESS', result: 7 });
      });
    });
  });
});
