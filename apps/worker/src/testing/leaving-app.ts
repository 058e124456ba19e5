// A worker whose handlers leave errors behind, run as the one that ships is.
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Module } from '@nestjs/common';
import { z } from 'zod';
import { TaskBatchHandler, TaskHandler } from '@lovage/nest';
import { createLog, runApp } from '@lovage/platform';
import { ExitCode, exitCodeOf, parseSettings } from '@lovage/settings';
import { defineTask, type BatchItem, type Input } from '@lovage/task';
import { startWorker } from '../worker-app.ts';

/** Leaves an error behind, then takes `ms` more; without `ms` it never ends. */
export const leaves = defineTask({
  name: 'leaves.behind',
  input: z.strictObject({ kind: z.enum(['rejection', 'submit', 'timer', 'nothing']), ms: z.int().optional() }),
  output: z.string(),
});
export const leavesMany = defineTask({
  name: 'leaves.many',
  input: z.strictObject({}),
  output: z.null(),
  defaults: { batch: { size: 3, timeout: '10m' } },
});

@Controller()
class LeavingTasks {
  @TaskHandler(leaves)
  async leaves({ kind, ms }: Input<typeof leaves>): Promise<string> {
    const error = new RangeError(`left behind: ${kind}`);
    if (kind === 'rejection') void sleep(1).then(() => Promise.reject(error));
    if (kind === 'timer')
      setTimeout(() => {
        throw error;
      }, 5);
    return ms === undefined ? new Promise(() => undefined) : sleep(ms, 'well');
  }

  @TaskBatchHandler(leavesMany)
  many(items: readonly BatchItem<typeof leavesMany>[]) {
    void Promise.reject(new RangeError('left behind by a batch'));
    return items.map(({ succeeded }) => succeeded(null));
  }
}

@Module({ controllers: [LeavingTasks] })
class LeavingModule {}

if (process.argv[1] === new URL(import.meta.url).pathname)
  void runApp({
    name: 'worker',
    exitCodeOf,
    escapedExitCode: ExitCode.escapedError,
    start() {
      const settings = parseSettings(process.env, [], { for: 'worker' });
      const log = createLog({ app: 'worker', level: 'info', mode: 'production' });
      if (process.env['LEAVES_OWN'])
        setTimeout(() => {
          throw new Error('of no task');
        }, 1500);
      return startWorker({ settings, contracts: [leaves, leavesMany], modules: [LeavingModule], log });
    },
  }).then((code) => process.exit(code));
