// node --import: adds the tasks of the specs of stops to the apps that ship, which are otherwise run as they are.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { allContracts } from '@lovage/contracts';
import { TaskHandler } from '@lovage/nest';
import type { Input, TaskContext } from '@lovage/task';
import { taskControllers } from '@lovage/tasks';
import { RunLog } from '../count/run-log.ts';
import { GATES_VARIABLE, stopContracts, type Manner } from './stop-contracts.ts';

const { async: inLoop, thread: inThread, process: inProcess } = stopContracts;
/** Between two looks at the gates, ms. */
const EVERY_MS = 200;

@Controller()
class StopTasks {
  private readonly runs = RunLog.open();
  private readonly gates = process.env[GATES_VARIABLE] ?? '.';

  @TaskHandler(inLoop)
  async wait({ manner }: Input<typeof inLoop>, task: TaskContext): Promise<Manner> {
    this.runs.add(task.id);
    while (!this.open('all') && !(manner === 'prompt' && this.open('prompt')))
      await sleep(EVERY_MS, undefined, manner === 'polite' ? { signal: task.signal } : {});
    return manner;
  }

  @TaskHandler(inThread)
  thread(input: Input<typeof inThread>, task: TaskContext): Promise<Manner> {
    return this.wait(input, task);
  }

  @TaskHandler(inProcess)
  child(input: Input<typeof inProcess>, task: TaskContext): Promise<Manner> {
    return this.wait(input, task);
  }

  private open(gate: string): boolean {
    return existsSync(join(this.gates, gate));
  }
}

(allContracts as (typeof allContracts)[number][]).push(...Object.values(stopContracts));
(taskControllers as (typeof taskControllers)[number][]).push(StopTasks);
