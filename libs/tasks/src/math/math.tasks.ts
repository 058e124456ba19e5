import { Controller, Inject, Optional } from '@nestjs/common';
import { add, divide, sumToN } from '@lovage/contracts';
import { TaskHandler } from '@lovage/nest';
import { systemClock, type Clock } from '@lovage/ports';
import type { Input, TaskContext } from '@lovage/task';
import { CLOCK } from '../clock.ts';
import { sumTo } from './sum.ts';

@Controller()
export class MathTasks {
  constructor(@Optional() @Inject(CLOCK) private readonly clock: Clock = systemClock) {}

  @TaskHandler(add)
  add({ x, y }: Input<typeof add>): number {
    const sum = x + y;
    if (!Number.isFinite(sum)) throw add.error('Overflow', { x, y }, `${x} + ${y} is past the range of a double`);
    return sum;
  }

  @TaskHandler(divide)
  divide({ x, y }: Input<typeof divide>): number {
    if (y === 0) throw divide.error('DivisionByZero', { x }, `${x} divided by zero`);
    const quotient = x / y;
    if (!Number.isFinite(quotient))
      throw divide.error('Overflow', { x, y }, `${x} / ${y} is past the range of a double`);
    return quotient;
  }

  @TaskHandler(sumToN)
  sumToN({ n }: Input<typeof sumToN>, task: TaskContext<typeof sumToN>): Promise<number> {
    return sumTo(n, { now: () => this.clock.monotonic(), signal: task.signal });
  }
}
