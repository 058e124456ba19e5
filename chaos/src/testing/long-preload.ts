// node --import: adds the tasks of `long-tasks.nightly.spec.ts` to the worker that ships, which is otherwise run as it is.
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { allContracts } from '@lovage/contracts';
import { TaskHandler } from '@lovage/nest';
import type { Input, TaskContext } from '@lovage/task';
import { taskControllers } from '@lovage/tasks';
import { RunLog } from '../count/run-log.ts';
import { long, longLate } from './long-contract.ts';

@Controller()
class LongTasks {
  private readonly runs = RunLog.open();

  @TaskHandler(long)
  async long({ ms }: Input<typeof long>, task: TaskContext): Promise<null> {
    this.runs.add(task.id);
    await sleep(ms);
    return null;
  }

  @TaskHandler(longLate)
  longLate(input: Input<typeof longLate>, task: TaskContext): Promise<null> {
    return this.long(input, task);
  }
}

(allContracts as (typeof allContracts)[number][]).push(long, longLate);
(taskControllers as (typeof taskControllers)[number][]).push(LongTasks);
