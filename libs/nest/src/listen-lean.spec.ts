import 'reflect-metadata';
import { Controller, UsePipes, type INestMicroservice, type PipeTransform, type Type } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { z } from 'zod';
import { defineTask, type Input, type TaskContext } from '@lovage/task';
import { listenLean } from './listen-lean.ts';
import { PARAM_ARGS_METADATA, TaskHandler } from './task-handler.ts';

const greet = defineTask({ name: 'test.greet', input: z.strictObject({ name: z.string() }), output: z.string() });

class Same implements PipeTransform {
  transform(value: unknown): unknown {
    return value;
  }
}

@Controller()
class PlainApp {
  @TaskHandler(greet)
  greet({ name }: Input<typeof greet>): string {
    return name;
  }
}

const parametersOf = (controller: Type): unknown => Reflect.getMetadata(PARAM_ARGS_METADATA, controller, 'greet');

/** What Nest would see of a handler `greet` when it registers the handlers. */
async function seenOf(controller: Type, tokens: readonly unknown[] = [], fail?: Error): Promise<unknown> {
  const modules = new Map([
    [
      'App',
      {
        providers: new Map(tokens.map((token) => [token, {}])),
        controllers: new Map([[controller, { metatype: controller }]]),
      },
    ],
  ]);
  let seen: unknown;
  const listen = (): Promise<void> => {
    seen = parametersOf(controller);
    return fail ? Promise.reject(fail) : Promise.resolve();
  };
  await listenLean({ get: () => modules, listen } as unknown as INestMicroservice);
  return seen;
}

describe('listenLean', () => {
  test('takes undecorated parameters off while handlers are registered, and restores them', async () => {
    const before = parametersOf(PlainApp);
    expect(Object.keys(before as object)).toHaveLength(2);
    expect(await seenOf(PlainApp)).toEqual({});
    expect(parametersOf(PlainApp)).toBe(before);
    await expect(seenOf(PlainApp, [], new Error('no'))).rejects.toThrow('no');
    expect(parametersOf(PlainApp)).toBe(before);
  });

  test('does so for inherited handlers, and leaves the class alone that has them', async () => {
    @Controller()
    class Heir extends PlainApp {}
    const before = parametersOf(PlainApp);
    expect(await seenOf(Heir)).toEqual({});
    expect(parametersOf(Heir)).toBe(before);
    expect(Reflect.hasOwnMetadata(PARAM_ARGS_METADATA, Heir, 'greet')).toBe(false);
  });

  test('leaves parameters on that a pipe may concern', async () => {
    @Controller()
    @UsePipes(Same)
    class OfClass extends PlainApp {}
    @Controller()
    class OfMethod {
      @UsePipes(Same)
      @TaskHandler(greet)
      greet({ name }: Input<typeof greet>): string {
        return name;
      }
    }
    @Controller()
    class Decorated {
      @TaskHandler(greet)
      greet(@Payload(Same) { name }: Input<typeof greet>, @Ctx() _: TaskContext<typeof greet>): string {
        return name;
      }
    }
    @Controller()
    class DecoratedHeir extends PlainApp {
      @TaskHandler(greet)
      override greet(@Payload(Same) { name }: Input<typeof greet>): string {
        return name;
      }
    }
    for (const controller of [OfClass, OfMethod, Decorated, DecoratedHeir])
      expect(await seenOf(controller)).toBe(parametersOf(controller));
    expect(await seenOf(PlainApp, [Same, `${APP_PIPE} (UUID: 1)`])).toBe(parametersOf(PlainApp));
  });
});
