import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import {
  Controller,
  ForbiddenException,
  Inject,
  Injectable,
  Module,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ignoreElements, map, Observable } from 'rxjs';
import { z } from 'zod';
import type { ChildApp } from '@lovage/runtime';
import { defineTask, type BatchItem, type Input, type TaskContext, type TaskOptions } from '@lovage/task';
import { bootChild } from '../boot-child.ts';
import { TaskErrorFilter } from '../task-error.filter.ts';
import { TaskBatchHandler, TaskHandler } from '../task-handler.ts';

/** An observable that ends only by being unsubscribed; `input.file` tells of each of its steps. */
export const tickIn = (pool: 'async' | 'thread' | 'process', defaults: TaskOptions = {}) =>
  defineTask({
    name: 'test.tick',
    input: z.strictObject({ file: z.string() }),
    output: z.string(),
    progress: z.literal('ticking'),
    defaults: { ...defaults, pool },
  });
const tick = tickIn('async');

/** The same of a batch of two. */
export const ticks = defineTask({
  name: 'test.ticks',
  input: z.strictObject({ file: z.string() }),
  output: z.string(),
  progress: z.literal('ticking'),
  defaults: { batch: { size: 2, timeout: '10m' } },
});

/** Tells each task that it is subscribed, and `file` when it is no more. */
function ticking(file: string, tasks: readonly TaskContext[]): Observable<string> {
  return new Observable<string>((subscriber) => {
    subscriber.next('on');
    for (const task of tasks) task.progress('ticking');
    const timer = setInterval(() => subscriber.next('on'), 10);
    return () => {
      clearInterval(timer);
      appendFileSync(file, 'torn down;');
    };
  });
}

export const greetIn = (pool: 'async' | 'thread' | 'process') =>
  defineTask({
    name: 'test.greet',
    input: z.strictObject({ name: z.string() }),
    output: z.string(),
    errors: { TooRude: z.object({ word: z.string() }) },
    defaults: { pool },
  });
const greet = greetIn('async');

@Injectable()
class Greeter {
  greet(name: string): string {
    return `Hello, ${name}`;
  }
}

class OnlyPolite implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { name } = context.switchToRpc().getData<Input<typeof greet>>();
    if (name === 'mallory') throw new ForbiddenException('not you');
    return true;
  }
}

class Trim implements PipeTransform {
  transform(value: unknown): unknown {
    const input = value as { name?: unknown };
    return typeof input.name === 'string' && !('signal' in input) ? { name: input.name.trim() } : value;
  }
}

class Exclaim implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((value) => `${String(value)}!`));
  }
}

@Controller()
@UseGuards(OnlyPolite)
@UsePipes(Trim)
@UseInterceptors(Exclaim)
class Greetings {
  constructor(@Inject(Greeter) private readonly greeter: Greeter) {}

  @TaskHandler(greet)
  greet({ name }: Input<typeof greet>, task: TaskContext<typeof greet>): string {
    if (name === 'rude') throw greet.error('TooRude', { word: 'x' });
    return `${this.greeter.greet(name)} (${task.name}, ${task.attempt})`;
  }
}

@Controller()
class Ticks {
  @TaskHandler(tick)
  tick({ file }: Input<typeof tick>, task: TaskContext<typeof tick>): Observable<string> {
    return ticking(file, [task]);
  }

  @TaskBatchHandler(ticks)
  ticks(items: readonly BatchItem<typeof ticks>[]): Observable<never> {
    const tasks = items.map(({ task }) => task);
    return ticking(items[0]!.input.file, tasks).pipe(ignoreElements());
  }
}

/** The application of a worker, and of its children. */
@Module({
  controllers: [Greetings, Ticks],
  providers: [Greeter, { provide: APP_FILTER, useClass: TaskErrorFilter }],
})
export class GreetingsModule {}

export default function boot(): Promise<ChildApp> {
  return bootChild(GreetingsModule, { contracts: [greet, tick, ticks], logger: { log() {}, error() {}, warn() {} } });
}
