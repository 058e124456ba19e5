import { Controller, Inject, Optional } from '@nestjs/common';
import { waitAndReturn } from '@lovage/contracts';
import { TaskHandler } from '@lovage/nest';
import { systemClock, type Clock } from '@lovage/ports';
import type { Input, TaskContext } from '@lovage/task';
import { CLOCK } from '../clock.ts';
import { wait } from '../wait.ts';

@Controller()
export class DemoTasks {
  constructor(@Optional() @Inject(CLOCK) private readonly clock: Clock = systemClock) {}

  @TaskHandler(waitAndReturn)
  async waitAndReturn(
    { seconds, value }: Input<typeof waitAndReturn>,
    task: TaskContext<typeof waitAndReturn>,
  ): Promise<unknown> {
    await wait(this.clock, seconds * 1000, task.signal);
    return value;
  }
}
