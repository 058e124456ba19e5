// A worker whose tasks are followed by others when they end, run as the one that ships is.
import { Controller, Module } from '@nestjs/common';
import { z } from 'zod';
import { TaskHandler } from '@lovage/nest';
import { createLog, runApp } from '@lovage/platform';
import { exitCodeOf, parseSettings } from '@lovage/settings';
import { defineTask, endedTask, type Input } from '@lovage/task';
import { startWorker } from '../worker-app.ts';

export const after = defineTask({ name: 'ends.after', input: endedTask, output: z.string() });
export const ends = defineTask({
  name: 'ends.one_way_or_another',
  input: z.strictObject({ well: z.boolean() }),
  output: z.null(),
  defaults: { onSuccess: after, onFailure: after },
});

@Controller()
class EndingTasks {
  @TaskHandler(ends)
  ends({ well }: Input<typeof ends>): null {
    if (well) return null;
    throw new RangeError('not well');
  }

  @TaskHandler(after)
  after({ id, state }: Input<typeof after>): string {
    return `${state} of ${id}`;
  }
}

@Module({ controllers: [EndingTasks] })
class EndingModule {}

if (process.argv[1] === new URL(import.meta.url).pathname)
  void runApp({
    name: 'worker',
    exitCodeOf,
    async start() {
      const settings = parseSettings(process.env, [], { for: 'worker' });
      const log = createLog({ app: 'worker', level: 'info', mode: 'production' });
      const app = await startWorker({ settings, contracts: [ends, after], modules: [EndingModule], log });
      log.info({}, 'worker ready');
      return app;
    },
  }).then((code) => process.exit(code));
