// A worker that serves the tasks of Celery's conformance kit (e2e/celery-kit), run as the one that ships is.
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Module } from '@nestjs/common';
import { z } from 'zod';
import { TaskHandler } from '@lovage/nest';
import { createLog, runApp } from '@lovage/platform';
import { celeryRequestOf } from '@lovage/runtime';
import { exitCodeOf, parseSettings } from '@lovage/settings';
import { defineTask, type Input, type TaskContext } from '@lovage/task';
import { startWorker } from '../worker-app.ts';

const PREFIX = process.env['TASK_PREFIX'] || 'interop.';
const numbers = z.strictObject({ x: z.number(), y: z.number() });

const add = defineTask({ name: `${PREFIX}add`, input: numbers, output: z.number() });
const mul = defineTask({ name: `${PREFIX}mul`, input: numbers, output: z.number() });
const xsum = defineTask({
  name: `${PREFIX}xsum`,
  input: z.strictObject({ numbers: z.array(z.number()) }),
  output: z.number(),
});
const echo = defineTask({
  name: `${PREFIX}echo`,
  rawArguments: true,
  input: z.strictObject({ args: z.array(z.unknown()), kwargs: z.record(z.string(), z.unknown()) }),
  output: z.unknown(),
});
const hold = defineTask({
  name: `${PREFIX}sleep`,
  input: z.strictObject({ seconds: z.number() }),
  output: z.number(),
});
const fail = defineTask({
  name: `${PREFIX}fail`,
  input: z.strictObject({ kind: z.string().default('ValueError'), message: z.string().default('boom') }),
  output: z.null(),
  errors: { AppError: z.number() },
});
const slowProgress = defineTask({
  name: `${PREFIX}slow_progress`,
  input: z.strictObject({ steps: z.number().default(3), delay: z.number().default(0.2) }),
  output: z.object({ steps: z.number() }),
  progress: z.object({ current: z.number(), total: z.number() }),
});
const retryThenOk = defineTask({
  name: `${PREFIX}retry_then_ok`,
  input: z.strictObject({ fail_times: z.number().default(2), countdown: z.number().default(0.3) }),
  output: z.object({ retries: z.number() }),
  defaults: { retry: { maxAttempts: 6 } },
});
const retryExhaust = defineTask({
  name: `${PREFIX}retry_exhaust`,
  input: z.strictObject({}),
  output: z.null(),
  defaults: { retry: { maxAttempts: 2, delay: '100ms' } },
});
const onError = defineTask({
  name: `${PREFIX}on_error`,
  input: z.strictObject({ failed_task_id: z.string() }),
  output: z.string(),
});
const headers = defineTask({
  name: `${PREFIX}headers`,
  rawArguments: true,
  input: z.strictObject({ args: z.array(z.unknown()), kwargs: z.record(z.string(), z.unknown()) }),
  output: z.unknown(),
});
const reject = defineTask({ name: `${PREFIX}reject`, input: z.strictObject({}), output: z.null() });

const contracts = [
  ...[add, mul, xsum, echo, hold, fail, slowProgress],
  ...[retryThenOk, retryExhaust, onError, headers, reject],
];

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

@Controller()
class KitTasks {
  @TaskHandler(add)
  add({ x, y }: Input<typeof add>): number {
    return x + y;
  }

  @TaskHandler(mul)
  mul({ x, y }: Input<typeof mul>): number {
    return x * y;
  }

  @TaskHandler(xsum)
  xsum({ numbers }: Input<typeof xsum>): number {
    return numbers.reduce((sum, one) => sum + one, 0);
  }

  @TaskHandler(echo)
  echo(call: Input<typeof echo>): unknown {
    return call;
  }

  @TaskHandler(hold)
  async hold({ seconds }: Input<typeof hold>, { signal }: TaskContext): Promise<number> {
    try {
      return await sleep(seconds * 1000, seconds, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  }

  @TaskHandler(fail)
  fail({ kind, message }: Input<typeof fail>): null {
    if (kind === 'ValueError' || kind === 'KeyError') throw named(kind, message);
    throw fail.error('AppError', 42, message);
  }

  @TaskHandler(slowProgress)
  async slowProgress(
    { steps, delay }: Input<typeof slowProgress>,
    task: TaskContext<typeof slowProgress>,
  ): Promise<{ steps: number }> {
    for (let current = 1; current <= steps; current += 1) {
      await sleep(delay * 1000);
      task.progress({ current, total: steps });
    }
    return { steps };
  }

  @TaskHandler(retryThenOk)
  retryThenOk({ fail_times: failures, countdown }: Input<typeof retryThenOk>, task: TaskContext): { retries: number } {
    const retries = task.attempt - 1;
    if (retries >= failures) return { retries };
    throw task.retry({ delay: `${countdown * 1000}ms`, cause: named('RuntimeError', `attempt ${retries}`) });
  }

  @TaskHandler(retryExhaust)
  retryExhaust(): null {
    throw named('RuntimeError', 'never');
  }

  @TaskHandler(onError)
  onError({ failed_task_id: id }: Input<typeof onError>): string {
    return `errback:${id}`;
  }

  @TaskHandler(headers)
  headers(_call: Input<typeof headers>, task: TaskContext): unknown {
    const seen = celeryRequestOf(task)!;
    return {
      ...{ id: seen.id, root_id: seen.rootId, parent_id: seen.parentId, group: seen.group },
      ...{ group_index: seen.groupIndex, retries: seen.retries, timelimit: seen.timeLimit, shadow: seen.shadow },
      ...{ lang: seen.lang, correlation_id: seen.correlationId, reply_to: seen.replyTo },
      ...{ ignore_result: seen.ignoreResult, headers: seen.headers, stamps: seen.headers['stamps'] ?? null },
      delivery_info: { routing_key: seen.queue, priority: seen.priority, redelivered: seen.redelivered },
    };
  }

  @TaskHandler(reject)
  reject(_call: Input<typeof reject>, task: TaskContext): null {
    throw task.reject('no');
  }
}

@Module({ controllers: [KitTasks] })
class KitModule {}

void runApp({
  name: 'worker',
  exitCodeOf,
  async start() {
    const settings = parseSettings(process.env, [], { for: 'worker' });
    const log = createLog({ app: 'worker', level: settings.logLevel, mode: 'production' });
    const shutdown = () => void process.kill(process.pid, 'SIGTERM');
    const app = await startWorker({ settings, log, shutdown, contracts, modules: [KitModule] });
    log.info({ worker: settings.worker.name }, 'worker ready');
    return app;
  },
}).then((code) => process.exit(code));
