import { Controller, Inject, Optional } from '@nestjs/common';
import { processWord } from '@lovage/contracts';
import { TaskHandler } from '@lovage/nest';
import { systemClock, type Clock } from '@lovage/ports';
import type { Input, TaskContext } from '@lovage/task';
import { CLOCK } from '../clock.ts';
import { wait } from '../wait.ts';

const STEPS = 10;
const STEP_MS = 1000;

@Controller()
export class TextTasks {
  constructor(@Optional() @Inject(CLOCK) private readonly clock: Clock = systemClock) {}

  @TaskHandler(processWord)
  async processWord({ word }: Input<typeof processWord>, task: TaskContext<typeof processWord>): Promise<string> {
    for (let step = 1; step <= STEPS; step += 1) {
      await wait(this.clock, STEP_MS, task.signal);
      task.progress({ percent: (step * 100) / STEPS });
    }
    return `processed ${word}`;
  }
}
