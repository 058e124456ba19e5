import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { TaskHandler } from '@lovage/nest';
import { defineSchedule, defineTask, type Input, type Schedule, type TaskContext } from '@lovage/task';
import { z } from 'zod';
import { RunLog } from '../count/run-log.ts';
import { step } from './contracts.ts';

// Two releases of one application, for the scenario `rolling-deploy`. The newer one has a contract more, one whose input has another
// required field (with a rule for what was made before), and one whose input has another optional field.

/** Which release a process is of: `old`, the default, or `new`. */
export const RELEASE_VARIABLE = 'LOVAGE_CHAOS_RELEASE';

const base = { n: z.int().min(0), ms: z.int().min(0).max(60_000) };
const output = z.int();
const NOT_STATED = 'made before there were notes';

const changedBefore = defineTask({ name: 'chaos.changed', input: z.strictObject(base), output });
const changedSince = defineTask({
  name: 'chaos.changed',
  version: 2,
  migrate: { 1: (old) => ({ ...(old as z.output<typeof changedBefore.input>), note: NOT_STATED }) },
  input: z.strictObject({ ...base, note: z.string() }),
  output,
});

const extendedBefore = defineTask({ name: 'chaos.extended', input: z.strictObject(base), output });
const extendedSince = defineTask({
  name: 'chaos.extended',
  input: z.strictObject({ ...base, tag: z.string().optional() }),
  output,
});

const added = defineTask({ name: 'chaos.added', input: z.strictObject(base), output });

abstract class Handlers {
  private readonly runs = RunLog.open();

  protected async run({ n, ms }: { n: number; ms: number }, task: TaskContext): Promise<number> {
    this.runs.add(task.id);
    await sleep(ms);
    return n;
  }
}

@Controller()
class BeforeTasks extends Handlers {
  @TaskHandler(changedBefore)
  changed(input: Input<typeof changedBefore>, task: TaskContext): Promise<number> {
    return this.run(input, task);
  }

  @TaskHandler(extendedBefore)
  extended(input: Input<typeof extendedBefore>, task: TaskContext): Promise<number> {
    return this.run(input, task);
  }
}

@Controller()
class SinceTasks extends Handlers {
  @TaskHandler(changedSince)
  changed(input: Input<typeof changedSince>, task: TaskContext): Promise<number> {
    if (typeof input.note !== 'string') throw new Error('an input of version 1 was not migrated');
    return this.run(input, task);
  }

  @TaskHandler(extendedSince)
  extended(input: Input<typeof extendedSince>, task: TaskContext): Promise<number> {
    return this.run(input, task);
  }

  @TaskHandler(added)
  added(input: Input<typeof added>, task: TaskContext): Promise<number> {
    return this.run(input, task);
  }
}

/** Neither fires: what counts is that no beat removes or changes the other release's. */
const scheduled = (name: string, ms: number): Schedule =>
  defineSchedule({ name, contract: step, input: { n: 0, ms }, every: '1d', enabled: false });

/** What a release adds to the lists of the apps. */
export const releases = {
  old: {
    contracts: [changedBefore, extendedBefore],
    controller: BeforeTasks,
    schedules: [scheduled('chaos.dropped', 1), scheduled('chaos.both', 1)],
  },
  new: {
    contracts: [changedSince, extendedSince, added],
    controller: SinceTasks,
    schedules: [scheduled('chaos.both', 2), scheduled('chaos.added', 1)],
  },
} as const;
