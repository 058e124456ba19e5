// A worker with tasks that Celery's tools are to see, run as the one that ships is.
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Module } from '@nestjs/common';
import { z } from 'zod';
import { TaskHandler } from '@lovage/nest';
import { createLog, runApp } from '@lovage/platform';
import { exitCodeOf, parseSettings } from '@lovage/settings';
import { defineTask, type Input } from '@lovage/task';
import { startWorker } from '../worker-app.ts';

export const add = defineTask({
  name: 'interop.add',
  input: z.strictObject({ x: z.number(), y: z.number() }),
  output: z.number(),
});
export const hold = defineTask({
  name: 'interop.sleep',
  input: z.strictObject({ seconds: z.number() }),
  output: z.number(),
});
export const fail = defineTask({
  name: 'interop.fail',
  input: z.strictObject({ kind: z.string(), message: z.string() }),
  output: z.null(),
});
/** Fails, and is to be tried again in an hour. */
export const failOnce = defineTask({
  name: 'interop.fail_once',
  input: z.strictObject({}),
  output: z.null(),
  defaults: { retry: { maxAttempts: 2, delay: '1h' } },
});

@Controller()
class InteropTasks {
  @TaskHandler(add)
  add({ x, y }: Input<typeof add>): number {
    return x + y;
  }

  @TaskHandler(hold)
  hold({ seconds }: Input<typeof hold>): Promise<number> {
    return sleep(seconds * 1000, seconds);
  }

  @TaskHandler(failOnce)
  failOnce(): null {
    throw new RangeError('not yet');
  }

  @TaskHandler(fail)
  fail({ kind, message }: Input<typeof fail>): null {
    throw Object.assign(new Error(message), { name: kind });
  }
}

@Module({ controllers: [InteropTasks] })
class InteropModule {}

if (process.argv[1] === new URL(import.meta.url).pathname)
  void runApp({
    name: 'worker',
    exitCodeOf,
    async start() {
      const settings = parseSettings(process.env, [], { for: 'worker' });
      const log = createLog({ app: 'worker', level: 'info', mode: 'production' });
      const shutdown = () => void process.kill(process.pid, 'SIGTERM');
      const app = await startWorker({
        ...{ settings, log, shutdown },
        ...{ contracts: [add, hold, fail, failOnce], modules: [InteropModule] },
      });
      log.info({}, 'worker ready');
      return app;
    },
  }).then((code) => process.exit(code));
