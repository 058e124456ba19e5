import { Module, type Type } from '@nestjs/common';
import { DemoTasks } from './demo/demo.tasks.ts';
import { MathTasks } from './math/math.tasks.ts';
import { TextTasks } from './text/text.tasks.ts';

export { CLOCK } from './clock.ts';

/** The controllers whose methods run the contracts of `@lovage/contracts`. Add yours here. */
export const taskControllers: readonly Type[] = [MathTasks, DemoTasks, TextTasks];

/** What a worker imports to serve them all. */
@Module({ controllers: [...taskControllers] })
export class TasksModule {}
