import 'reflect-metadata';
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
import { map, type Observable } from 'rxjs';
import { z } from 'zod';
import type { ChildApp } from '@lovage/runtime';
import { defineTask, type Input, type TaskContext } from '@lovage/task';
import { bootChild } from '../boot-child.ts';
import { TaskErrorFilter } from '../task-error.filter.ts';
import { TaskHandler } from '../task-handler.ts';

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

/** The application of a worker, and of its children. */
@Module({
  controllers: [Greetings],
  providers: [Greeter, { provide: APP_FILTER, useClass: TaskErrorFilter }],
})
export class GreetingsModule {}

export default function boot(): Promise<ChildApp> {
  return bootChild(GreetingsModule, { contracts: [greet], logger: { log() {}, error() {}, warn() {} } });
}
