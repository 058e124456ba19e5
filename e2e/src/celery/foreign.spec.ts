import { TaskRoutes } from '@lovage/foundation';
import type { TaskDocument } from '@lovage/http-api';
import { openPlatform, type Platform } from '@lovage/platform';
import { ContractRegistry, defineTask } from '@lovage/task';
import { describeWithCelery, describeWithRedis, eventually, silentLog, type TestProcess } from '@lovage/testing';
import { z } from 'zod';
import type { RunningPlatform } from '../kit/platform.ts';
import { onServers } from '../kit/shapes.ts';
import { startPythonWorker } from './kit-run.ts';

const WAIT = { timeout: '60s' } as const;
const LOOK = { timeoutMs: 60_000, everyMs: 20 };

// Every task of Celery's conformance kit, submitted by a TypeScript program to the kit's own worker, which keeps results on Redis and replies to nobody.
describeWithCelery('foreign tasks', (python) => {
  describeWithRedis('with results on Redis', (backend) => {
    onServers('of the kit, served by real Celery', (shape) => {
      const queue = shape.rabbit.queue('kit-py');
      const deadLetterQueue = shape.rabbit.queue('kit-dead');
      shape.rabbit.alsoDelete(`${deadLetterQueue}.foreign-results`);
      shape.rabbit.alsoDeleteExchanges(deadLetterQueue, queue);

      const foreign = <I extends z.ZodRawShape, O extends z.ZodType>(name: string, input: I, output: O) =>
        defineTask({
          ...{ name: `interop.${name}`, foreign: 'celery' as const, input: z.strictObject(input), output },
          defaults: { queue },
        });
      const [x, y] = [z.number(), z.number()];
      const seconds = z.number();
      const kit = {
        add: foreign('add', { x, y }, z.number()),
        mul: foreign('mul', { x, y }, z.number()),
        xsum: foreign('xsum', { numbers: z.array(z.number()) }, z.number()),
        sleep: foreign('sleep', { seconds }, z.number()),
        fail: foreign('fail', { kind: z.string(), message: z.string() }, z.null()),
        progress: foreign('slow_progress', { steps: z.int(), delay: z.number() }, z.object({ steps: z.int() })),
        retry: foreign('retry_then_ok', { fail_times: z.int(), countdown: z.number() }, z.object({ retries: z.int() })),
        exhaust: foreign('retry_exhaust', {}, z.null()),
        onError: foreign('on_error', { failed_task_id: z.string() }, z.string()),
        soft: foreign('soft', { seconds }, z.string()),
        headers: foreign('headers', {}, z.looseObject({ id: z.string(), lang: z.string() })),
        late: foreign('late', {}, z.looseObject({ routing_key: z.string() })),
        ignored: foreign('ignored', {}, z.null()),
        reject: foreign('reject', {}, z.null()),
        ignoreMe: foreign('ignore_me', {}, z.null()),
      };

      let servers: RunningPlatform;
      let program: Platform;
      let celery: TestProcess;

      beforeAll(async () => {
        const brokerUrl = shape.rabbit.url;
        [servers, celery] = await Promise.all([
          shape.start({
            env: {
              ...{ CELERY_RESULT_BACKEND: backend, CELERY_QUEUES: queue, DEAD_LETTER_QUEUE: deadLetterQueue },
              BEAT_CELERY_EVENTS: 'on',
            },
          }),
          startPythonWorker(python, { queue, brokerUrl, backend, concurrency: 6 }),
        ]);
        program = await openPlatform({
          ...{ databaseUrl: await servers.databaseUrl(), brokerUrl, deadLetterQueue, log: silentLog },
          ...{ routes: TaskRoutes.none, celery: { queues: [queue], backend: { url: backend } } },
        });
        await program.start();
        // Events that were sent before the beat reads them are nobody's.
        const read = async () => (await servers.rest.ask('/api/workers')).text.includes(`${queue}@py`);
        await eventually(read, LOOK);
      }, 150_000);
      afterAll(async () => {
        await program?.stop();
        await celery?.stop();
        await servers?.[Symbol.asyncDispose]();
      }, 60_000);

      const registry = new ContractRegistry(Object.values(kit));
      const client = () => program.client(registry);
      const look = (id: string): Promise<TaskDocument> => servers.rest.task(id);
      const seen = (id: string, what: (task: TaskDocument) => boolean) =>
        eventually(async () => {
          const task = await look(id);
          return what(task) && task;
        }, LOOK);

      test('each result comes to who waits, typed, and REST shows it', async () => {
        const c = client();
        const add = await c.submit(kit.add, { x: 2, y: 3 });
        const one = async <T>(submitted: Promise<{ result(options: typeof WAIT): Promise<T> }>): Promise<T> =>
          (await submitted).result(WAIT);
        const by = { name: 'interop.echo', args: ['é', [1]], kwargs: { b: { c: null } } };
        const results = await Promise.all([
          add.result(WAIT),
          one(c.submit(kit.mul, { x: 1.5, y: 2 })),
          one(c.submit(kit.xsum, { numbers: [1, 2, 3] })),
          one(c.submit(kit.sleep, { seconds: 0.1 })),
          one(c.submit(kit.onError, { failed_task_id: 'abc' })),
          one(c.submitForeign(by, { queue })),
          one(c.submit(kit.late, {})),
          one(c.submit(kit.headers, {}, { timeLimit: '30s', softTimeLimit: '20s', priority: 3 })),
          one(c.submit(kit.soft, { seconds: 9 }, { softTimeLimit: '1s' })),
        ]);
        expect(results).toMatchObject([
          ...[5, 3, 6, 0.1, 'errback:abc'],
          { args: ['é', [1]], kwargs: { b: { c: null } } },
          { routing_key: queue },
          { lang: 'js', timelimit: [30, 20], root_id: expect.any(String), delivery_info: { priority: 3 } },
          'soft-limit',
        ]);
        // Who ran it is told by events, which may come later than the result.
        expect(await seen(add.id, ({ worker }) => worker !== null)).toMatchObject({
          ...{ name: 'interop.add', state: 'SUCCESS', result: 5, error: null, worker: `${queue}@py` },
          finishedAt: expect.any(String),
        });
      }, 90_000);

      test('each failure is the error of the task', async () => {
        const c = client();
        const failed = await Promise.all([
          c.submit(kit.fail, { kind: 'ValueError', message: 'boom' }),
          c.submit(kit.fail, { kind: 'KeyError', message: 'k' }),
          c.submit(kit.fail, { kind: 'AppError', message: 'bad' }),
          c.submit(kit.exhaust, {}),
          c.submit(kit.sleep, { seconds: 30 }, { timeLimit: '1s' }),
          c.submitForeign({ name: 'interop.nowhere' }, { queue }),
          c.submitForeign({ name: 'interop.add', args: [1, 2, 3] }, { queue }),
        ]);
        const errors = await Promise.all(
          failed.map(async (handle) => {
            await expect(handle.result(WAIT)).rejects.toMatchObject({ code: 'task_failed' });
            const { state, error } = await look(handle.id);
            return [state, error?.type, error?.message];
          }),
        );
        expect(errors).toEqual([
          ['FAILURE', 'ValueError', 'boom'],
          ['FAILURE', 'KeyError', 'k'],
          ['FAILURE', 'AppError', 'bad, 42'],
          ['FAILURE', 'RuntimeError', 'never'],
          ['FAILURE', 'TimeLimitExceeded', expect.anything()],
          ['FAILURE', 'NotRegistered', 'interop.nowhere'],
          ['FAILURE', 'TypeError', expect.stringContaining('positional')],
        ]);
        expect((await look(failed[0].id)).error).toMatchObject({
          stack: expect.stringContaining('Traceback') as string,
        });
      }, 90_000);

      test('REST shows progress and retries while they are', async () => {
        const c = client();
        const quiet = { awaitReply: false };
        const steps = await c.submit(kit.progress, { steps: 3, delay: 0.8 }, quiet);
        const again = await c.submit(kit.retry, { fail_times: 2, countdown: 1 }, quiet);
        const [under, waiting] = await Promise.all([
          seen(steps.id, ({ state }) => state === 'PROGRESS'),
          seen(again.id, ({ state }) => state === 'RETRY'),
        ]);
        expect(under).toMatchObject({ progress: { current: expect.any(Number), total: 3 }, worker: `${queue}@py` });
        expect(waiting).toMatchObject({ retries: 1, finishedAt: null });
        expect(await servers.rest.ended(steps.id)).toMatchObject({
          ...{ state: 'SUCCESS', result: { steps: 3 }, progress: { current: 3, total: 3 } },
        });
        expect(await servers.rest.ended(again.id)).toMatchObject({
          state: 'SUCCESS',
          result: { retries: 2 },
          retries: 2,
        });
      }, 90_000);

      test('a rejected task has failed; one whose end Celery tells nobody is open, with what is known of it, until it is revoked here', async () => {
        const c = client();
        const quiet = { awaitReply: false };
        const [ignored, rejected, left] = await Promise.all([
          c.submit(kit.ignored, {}, quiet),
          c.submit(kit.reject, {}, quiet),
          c.submit(kit.ignoreMe, {}, quiet),
        ]);
        const worker = `${queue}@py`;
        await seen(
          left.id,
          ({ state, progress }) => state === 'PROGRESS' && JSON.stringify(progress) === '{"note":"left as is"}',
        );
        // Of these two nothing but events tells.
        await seen(ignored.id, (task) => task.state === 'STARTED' && task.worker === worker);
        await seen(rejected.id, ({ state, error }) => state === 'FAILURE' && error?.type === 'Reject');
        for (const { id } of [ignored, left]) {
          await c.revoke(id);
          expect(await look(id)).toMatchObject({ state: 'REVOKED' });
        }
      }, 90_000);

      test('results that come while no beat runs are not lost', async () => {
        await servers.signal('beat', 'SIGKILL');
        const { id } = await client().submit(kit.add, { x: 3, y: 4 }, { awaitReply: false });
        await celery.line(new RegExp(`${id}.*succeeded`), { timeoutMs: 60_000 });
        expect(await servers.rest.ended(id, { timeoutMs: 60_000 })).toMatchObject({ state: 'SUCCESS', result: 7 });
      }, 120_000);
    });
  });
});
