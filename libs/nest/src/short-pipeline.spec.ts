import 'reflect-metadata';
import {
  Catch,
  Controller,
  Module,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CanActivate,
  type ExceptionFilter,
  type INestMicroservice,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { Payload, type MessageHandler } from '@nestjs/microservices';
import { map, of, throwError, type Observable } from 'rxjs';
import { z } from 'zod';
import { defineTask, type Input } from '@lovage/task';
import { HandlerServer } from './handler-server.ts';
import { listenLean } from './listen-lean.ts';
import { shortPipeline } from './short-pipeline.ts';
import { TaskHandler } from './task-handler.ts';

const greet = defineTask({ name: 'test.greet', input: z.strictObject({ name: z.string() }), output: z.string() });
const context = { id: 'of the task' };

class PipelineHandlers extends HandlerServer {
  close(): void {}
  unwrap<T>(): T {
    return undefined as T;
  }
  protected open(): Promise<void> {
    return Promise.resolve();
  }
}

class No implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}
class Loud implements NestInterceptor {
  intercept(_: unknown, next: { handle(): Observable<string> }): Observable<string> {
    return next.handle().pipe(map((text) => text.toUpperCase()));
  }
}
class TrimPipe implements PipeTransform {
  transform(value: unknown): unknown {
    const { name } = value as { name?: string };
    return name === undefined ? value : { name: name.trim() };
  }
}
@Catch()
class Told implements ExceptionFilter {
  catch(error: Error): Observable<never> {
    return throwError(() => new Error(`told: ${error.message}`));
  }
}

/** Serves it; gives how Nest answers, and from where it calls the method. */
async function served(controller: Type, providers: { provide: string; useClass: Type }[] = []) {
  class App {}
  Module({ controllers: [controller], providers })(App);
  const strategy = new PipelineHandlers();
  const app: INestMicroservice = await NestFactory.createMicroservice(App, { strategy, logger: false });
  await listenLean(app);
  const handler = (strategy as unknown as { messageHandlers: Map<string, MessageHandler> }).messageHandlers.get(
    'test.greet',
  )!;
  const stack: string[] = [];
  seen = () => stack.push(new Error().stack ?? '');
  const answer = async (name: string): Promise<unknown> => {
    const result: unknown = await handler({ name }, context);
    if (typeof result !== 'object') return result;
    return new Promise((resolve, reject) =>
      (result as Observable<unknown>).subscribe({ next: resolve, error: reject }),
    );
  };
  const atOnce = (name: string): unknown => handler({ name }, context);
  return { answer, atOnce, stack, close: () => app.close() };
}
let seen: () => void = () => undefined;
/** Nest's way to a handler with pipes, guards or interceptors. */
const WHOLE = /executePipeline/;

@Controller()
class PlainHandlers {
  private readonly word = 'hello';

  @TaskHandler(greet)
  greet({ name }: Input<typeof greet>, task: unknown): string | Promise<string> | Observable<string> {
    seen();
    expect(task).toBe(context);
    if (name === 'throws') throw new Error('thrown');
    if (name === 'rejects') return Promise.reject(new Error('rejected'));
    if (name === 'observes') return of('observed');
    return `${this.word} ${name}`;
  }
}

describe('handlers without pipes, guards and interceptors', () => {
  test('are called without the pipeline, as methods of their instance, with input and context', async () => {
    const { answer, stack, close } = await served(PlainHandlers);
    expect(await answer('Ada')).toBe('hello Ada');
    expect(await answer('observes')).toBe('observed');
    expect(stack[0]).not.toMatch(WHOLE);
    for (const name of ['throws', 'rejects']) await expect(answer(name)).rejects.toMatchObject({ status: 'error' });
    await close();
  });

  test('answer a plain value without a promise; what has to be waited for comes as one', async () => {
    const { atOnce, close } = await served(PlainHandlers);
    expect(atOnce('Ada')).toBe('hello Ada');
    for (const name of ['observes', 'rejects', 'throws']) {
      const answer = atOnce(name);
      expect(answer).toHaveProperty('then');
      await Promise.allSettled([answer]);
    }
    expect(atOnce('Eve')).toBe('hello Eve');
    await close();
  });

  test('have their exception filters', async () => {
    @Controller()
    @UseFilters(Told)
    class Filtered extends PlainHandlers {}
    const { answer, stack, close } = await served(Filtered);
    await expect(answer('throws')).rejects.toThrow('told: thrown');
    await expect(answer('rejects')).rejects.toThrow('told: rejected');
    expect(stack[0]).not.toMatch(WHOLE);
    await close();
  });
});

test('guards, interceptors and pipes of class, method, parameter and application hold', async () => {
  @Controller()
  @UseGuards(No)
  class Guarded extends PlainHandlers {}
  @Controller()
  @UseInterceptors(Loud)
  class Intercepted extends PlainHandlers {}
  @Controller()
  @UsePipes(TrimPipe)
  class Piped extends PlainHandlers {}
  @Controller()
  class OfParameter {
    @TaskHandler(greet)
    greet(@Payload(TrimPipe) { name }: Input<typeof greet>): string {
      return `hello ${name}`;
    }
  }
  @Controller()
  class OfMethod {
    @UseGuards(No)
    @TaskHandler(greet)
    greet({ name }: Input<typeof greet>): string {
      return name;
    }
  }
  for (const [controller, providers] of [
    [Guarded, []],
    [OfMethod, []],
    [PlainHandlers, [{ provide: APP_GUARD as string, useClass: No }]],
  ] as const) {
    const { answer, close } = await served(controller, [...providers]);
    await expect(answer('Ada')).rejects.toMatchObject({ message: 'Forbidden resource' });
    await close();
  }
  for (const [controller, expected] of [
    [Intercepted, 'HELLO  ADA '],
    [Piped, 'hello Ada'],
    [OfParameter, 'hello Ada'],
  ] as const) {
    const { answer, close } = await served(controller);
    expect(await answer(' Ada ')).toBe(expected);
    await close();
  }
});

test('a Nest that is built otherwise is left alone', () => {
  expect(shortPipeline({} as INestMicroservice)).toBe(false);
});
