import { celeryRequestOf } from '../run/celery-request.ts';
import { appendFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { durationMs } from '@lovage/foundation';
import { defineTask, SubmitManyError, type ChildSubmitted, type TaskContext, type TaskOptions } from '@lovage/task';
import type { BatchHandle, Handle } from '../handler-binding.ts';
import { HandlerTable } from '../handlers.ts';
import { badDeeds, careless } from './bad-deeds.ts';
import type { ChildApp } from '../pools/child/child-app.ts';

/** What the handler is to do: the name of one of {@link deeds}, and a value for it. */
export function deed(defaults: TaskOptions = {}) {
  return defineTask({
    name: 'test.deed',
    input: z.strictObject({ deed: z.string(), value: z.unknown() }),
    output: z.unknown(),
    progress: z.object({ percent: z.number() }),
    errors: { Refused: z.object({ reason: z.string(), at: z.date().optional() }) },
    defaults,
  });
}

/** Submitted by the deed `submit`. */
export const other = defineTask({ name: 'test.other', input: z.strictObject({ n: z.number() }), output: z.null() });

/** Of this process or thread: tasks that it has run. */
let served = 0;

const spin = (): never => {
  for (;;) Math.random();
};

const deeds: Record<string, (value: never, task: TaskContext) => unknown> = {
  echo: (value) => value,
  large: (length: number) => 'x'.repeat(length),
  quotes: (length: number) => ['"'.repeat(length)],
  tellContext: (_, { id, name, queue, attempt, isLastAttempt, scheduledFor, parentId, rootId, userId }) => ({
    ...{ id, name, queue, attempt, isLastAttempt, scheduledFor, parentId, rootId, userId },
  }),
  request: (_, task) => celeryRequestOf(task),
  where: () => ({ pid: process.pid, served }),
  spin,
  spinAfterTelling: (_, task) => {
    task.progress({ percent: 1 });
    setTimeout(spin, 50);
    return new Promise(() => undefined);
  },
  computeTellingPid: (_, task) => {
    task.progress({ percent: process.pid });
    setTimeout(spin, 50);
    return new Promise(() => undefined);
  },
  /** Until its signal is aborted; tells why. */
  wait: (_, task) =>
    new Promise((resolve, reject) => {
      task.progress({ percent: 1 });
      task.signal.addEventListener('abort', () => {
        const reason = task.signal.reason as Error & { code: string };
        if (task.signal.reason.code === 'worker_shutdown') reject(reason);
        else resolve({ code: reason.code, name: reason.name, message: reason.message });
      });
    }),
  waitThrowing: (_, task) =>
    new Promise((_resolve, reject) => task.signal.addEventListener('abort', () => reject(task.signal.reason as Error))),
  sleep: async (ms: number) => sleep(ms, 'slept'),
  log: (_, task) => {
    task.log.info('a line', { n: 1, err: new RangeError('a field') });
    task.log.warn('a function', { f: () => 1 });
    return null;
  },
  progress: (_, task) => {
    for (const percent of [10, 20, 30]) task.progress({ percent });
    return null;
  },
  badProgress: (_, task) => task.progress({ percent: 'x' } as never),
  submit: (n: number, task) => task.submit(other, { n }, { key: 'k' }),
  /** One of them is refused by the worker, another cannot even be sent there. */
  fanOut: async (count: number, task) => {
    function* inputs() {
      for (let n = 0; n < count; n += 1) yield n === 14 ? { n, not: () => 'a value' } : { n };
    }
    try {
      await task.submitMany(other, inputs(), (_, n) => ({ key: String(n) }));
    } catch (thrown) {
      if (!(thrown instanceof SubmitManyError)) throw thrown;
      const { failed, message, outcomes } = thrown as SubmitManyError<ChildSubmitted>;
      return { failed, message, fresh: outcomes.filter((one) => one.ok && one.value.fresh).length };
    }
    return 'nothing failed';
  },
  all: async (count: number, task) => {
    const inputs = Array.from({ length: count }, (_, n) => (n === 14 ? { n, not: () => 'a value' } : { n }));
    const outcomes = await Promise.allSettled(inputs.map((input) => task.submit(other, input)));
    return outcomes.filter(({ status }) => status === 'fulfilled').length;
  },
  leave: (count: number, task) => {
    for (let n = 0; n < count; n += 1) task.submit(other, { n }).catch(() => undefined);
  },
  /** Counts in a file how often its step really ran; fails the first time round. */
  once: async (file: string, task) => {
    const value = await task.once('count', async () => {
      await appendFile(file, 'x');
      return { at: new Date(0), pid: process.pid };
    });
    if (task.attempt === 1) throw task.retry({ delay: 0 });
    return value;
  },
  declared: () => {
    throw deed().error('Refused', { reason: 'no', at: new Date(0) });
  },
  throws: (message: string) => {
    throw Object.assign(new RangeError(message), { code: 'out_of_it', response: { send: () => 1 } });
  },
  throwsText: () => {
    throw 'a text';
  },
  retry: (_, task) => {
    if (task.attempt === 1) throw task.retry({ delay: '10ms', cause: new TypeError('first') });
    return `attempt ${task.attempt}`;
  },
  snooze: (ms: number, task) => {
    throw task.snooze(durationMs(`${ms}ms`) / 1000);
  },
  reject: (reason: string, task) => {
    throw task.reject(reason);
  },
  bigint: () => 1n,
  exit: (code: number) => process.exit(code),
  abort: () => process.abort(),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  say: (line: string) => {
    process.stderr.write(`${line}\n`);
    process.exit(7);
  },
  uncaught: () => {
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
    return new Promise(() => undefined);
  },
  /** Leaves an error of this kind behind, and ends, or hangs, or goes on for `ms`. */
  leaves: async ({ kind, ms = 0, hang = false }: { kind: string; ms?: number; hang?: boolean }) => {
    const error = new RangeError(`left behind by ${kind}`);
    const ways: Record<string, () => void> = {
      rejection: () => void Promise.reject(error),
      asyncRejection: () => void sleep(1).then(() => Promise.reject(error)),
      timer: () =>
        void setTimeout(() => {
          throw error;
        }, 20),
      socket: () => void connect(1, '127.0.0.1'),
    };
    ways[kind]!();
    if (hang) await new Promise(() => undefined);
    return sleep(ms, 'well');
  },
  /** Grows by so many MiB outside of V8's heap, then ends, or goes on computing. */
  grow: async (mib: number) => {
    const held = Array.from({ length: mib }, (_, n) => Buffer.alloc(1024 * 1024, n));
    await sleep(1);
    return held.length;
  },
  growForEver: async () => {
    const held: Buffer[] = [];
    for (;;) {
      held.push(Buffer.alloc(8 * 1024 * 1024, 1));
      await sleep(20);
    }
  },
  growHeap: () => {
    const held: number[][] = [];
    for (;;) held.push(Array.from({ length: 10_000 }, (_, n) => n + held.length));
  },
};

export const handle: Handle = (input, task) => {
  served += 1;
  const { deed: name, value } = input as { deed: string; value: never };
  return deeds[name]!(value, task);
};

/** Its input names one of {@link badDeeds}. */
export function bad(defaults: TaskOptions = {}) {
  const { name, output, errors } = careless;
  return defineTask({
    name,
    input: z.strictObject({ deed: z.string() }),
    output,
    errors,
    progress: z.unknown(),
    defaults,
  });
}

export const handleBad: Handle = (input, task) => badDeeds[(input as { deed: string }).deed]!.do(task);

/** Its tasks answer the process that ran them. */
export const batched = defineTask({
  name: 'test.batched',
  input: z.strictObject({}),
  output: z.number(),
  defaults: { batch: { size: 3, timeout: '10m' } },
});

export const batchHandler: BatchHandle = (items) => items.map((item) => item.succeeded(process.pid));

export function handlers(defaults: TaskOptions = {}): HandlerTable {
  return new HandlerTable(
    [deed(defaults), batched, bad()],
    [
      { name: 'test.careless', handle: handleBad },
      { name: 'test.deed', handle },
      { name: 'test.batched', handleBatch: batchHandler },
    ],
  );
}

export default function boot(): Promise<ChildApp> {
  return Promise.resolve({ handlers: handlers(), close: () => Promise.resolve() });
}
