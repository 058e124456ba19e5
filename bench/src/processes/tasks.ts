import { Controller } from '@nestjs/common';
import { TaskHandler } from '@lovage/nest';
import { defineTask, type Input, type TaskContext } from '@lovage/task';
import { z } from 'zod';
import { countRun } from './count-runs.ts';
import { nowMs } from './tell.ts';

/** What every measured system does: the least that a task can be, and yet one whose result can be checked. */
const sum = { input: z.strictObject({ x: z.number(), y: z.number() }), output: z.number() };
const queue = 'bench';

export const addFull = defineTask({ name: 'bench.add_full', ...sum, defaults: { queue } });
export const addFinal = defineTask({ name: 'bench.add_final', ...sum, defaults: { queue, record: 'final' } });
export const addNone = defineTask({ name: 'bench.add_none', ...sum, defaults: { queue, record: 'none' } });

/** Gives how much later than `due` it runs, ms. */
export const late = defineTask({
  name: 'bench.late',
  input: z.strictObject({ due: z.number() }),
  output: z.number(),
  defaults: { queue },
});

/** One at a time. Gives how long after the end of the one before it runs, ms; of the first: 0. */
export const slot = defineTask({
  name: 'bench.slot',
  input: z.strictObject({ x: z.number(), y: z.number() }),
  output: z.number(),
  defaults: { queue, concurrency: 1 },
});

/** A child of {@link fanOut}, for a queue that nobody serves. */
export const child = defineTask({ name: 'bench.child', ...sum, defaults: { queue: 'bench.children' } });

/** Submits so many children, with or without keys; gives how long that took, ms. */
export const fanOut = defineTask({
  name: 'bench.fan_out',
  input: z.strictObject({ children: z.number(), withKeys: z.boolean() }),
  output: z.number(),
  defaults: { queue },
});

export const benchContracts = [addFull, addFinal, addNone, late, slot, child, fanOut];

@Controller()
export class BenchTasks {
  @TaskHandler(addFull)
  addFull({ x, y }: Input<typeof addFull>): number {
    return x + y;
  }

  @TaskHandler(addFinal)
  addFinal({ x, y }: Input<typeof addFinal>): number {
    return x + y;
  }

  @TaskHandler(addNone)
  addNone({ x, y }: Input<typeof addNone>): number {
    countRun();
    return x + y;
  }

  @TaskHandler(child)
  child({ x, y }: Input<typeof child>): number {
    return x + y;
  }

  @TaskHandler(fanOut)
  async fanOut({ children, withKeys }: Input<typeof fanOut>, task: TaskContext): Promise<number> {
    function* inputs() {
      for (let x = 0; x < children; x += 1) yield { x, y: 1 };
    }
    const start = nowMs();
    await task.submitMany(child, inputs(), withKeys ? ({ x }) => ({ key: String(x) }) : {});
    return nowMs() - start;
  }

  @TaskHandler(late)
  late({ due }: Input<typeof late>): number {
    return nowMs() - due;
  }

  private endedAt: number | undefined;

  @TaskHandler(slot)
  slot(): number {
    const after = this.endedAt === undefined ? 0 : nowMs() - this.endedAt;
    this.endedAt = nowMs();
    return after;
  }
}
