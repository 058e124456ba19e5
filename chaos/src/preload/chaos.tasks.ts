import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { TaskBatchHandler, TaskHandler } from '@lovage/nest';
import type { BatchItem, Input, TaskContext } from '@lovage/task';
import { RunLog } from '../count/run-log.ts';
import { batch, block, burn, capped, limited, poison, rated, step } from './contracts.ts';

/**
 * Handlers at their worst: they take no notice of their signal, so that a worker that was taken for dead does go on and tries to
 * record what it has.
 */
@Controller()
export class ChaosTasks {
  private readonly runs = RunLog.open();

  @TaskHandler(step)
  async step({ n, ms }: Input<typeof step>, task: TaskContext<typeof step>): Promise<number> {
    this.runs.add(task.id);
    await sleep(ms);
    return n;
  }

  @TaskHandler(limited)
  async limited({ n, ms }: Input<typeof limited>, task: TaskContext<typeof limited>): Promise<number> {
    this.runs.add(task.id);
    await sleep(ms);
    return n;
  }

  @TaskHandler(rated)
  async rated({ n, ms }: Input<typeof rated>, task: TaskContext<typeof rated>): Promise<number> {
    this.runs.add(task.id);
    await sleep(ms);
    return n;
  }

  @TaskHandler(capped)
  async capped({ n, ms }: Input<typeof capped>, task: TaskContext<typeof capped>): Promise<number> {
    this.runs.add(task.id);
    await sleep(ms);
    return n;
  }

  @TaskBatchHandler(batch)
  async batch(items: readonly BatchItem<typeof batch>[]) {
    for (const { task } of items) this.runs.add(task.id);
    await sleep(Math.max(...items.map(({ input }) => input.ms)));
    return items.map(({ input, succeeded }) => succeeded(input.n));
  }

  @TaskHandler(block)
  async block({ n, ms }: Input<typeof block>, task: TaskContext<typeof block>): Promise<number> {
    this.runs.add(task.id);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return n;
  }

  @TaskHandler(burn)
  burn({ n, ms }: Input<typeof burn>, task: TaskContext<typeof burn>): number {
    this.runs.add(task.id);
    const until = performance.now() + ms;
    while (performance.now() < until);
    return n;
  }

  @TaskHandler(poison)
  async poison({ n, ms }: Input<typeof poison>, task: TaskContext<typeof poison>): Promise<number> {
    this.runs.add(task.id);
    await sleep(ms);
    process.kill(process.pid, 'SIGKILL');
    return n;
  }
}
