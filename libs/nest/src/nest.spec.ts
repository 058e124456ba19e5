import {
  Catch,
  Controller,
  ForbiddenException,
  Inject,
  Injectable,
  Module,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type Provider,
  type RpcExceptionFilter,
  type Type,
} from '@nestjs/common';
import { APP_PIPE, NestFactory } from '@nestjs/core';
import { Ctx, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { firstValueFrom, map, of, throwError, type Observable } from 'rxjs';
import { z } from 'zod';
import { LovageClient } from '@lovage/client';
import { openStore, PgWorkerLease } from '@lovage/store-postgres';
import {
  ContractRegistry,
  defineTask,
  type AnyContract,
  type BatchItem,
  type Input,
  type TaskContext,
} from '@lovage/task';
import { MemoryBroker, silentLog, testDatabase } from '@lovage/testing';
import { listenLean } from './listen-lean.ts';
import { LovageClientProxy } from './lovage-client-proxy.ts';
import { LovageServer } from './lovage-server.ts';
import { InjectTasks, LovageModule, type TasksOf } from './lovage.module.ts';
import { NestLog } from './nest-log.ts';
import { TaskBatchHandler, TaskHandler } from './task-handler.ts';

const greet = defineTask({
  name: 'test.greet',
  input: z.strictObject({ name: z.string() }),
  output: z.string(),
  errors: { TooRude: z.object({ word: z.string() }) },
});
const family = { greet };

@Injectable()
class SpecGreeter {
  greet(name: string): string {
    return `Hello, ${name}`;
  }
}

/** A worker on one Nest module, and clients of it. */
async function serve(
  controller: Type,
  contracts: readonly AnyContract[] = [greet],
  providers: readonly Provider[] = [],
) {
  const db = await testDatabase();
  const store = openStore({ url: db.url, log: silentLog });
  const broker = new MemoryBroker();
  await broker.start();
  const registry = new ContractRegistry([greet]);
  const client = new LovageClient({
    broker,
    tasks: store.tasks,
    outbox: store.outbox,
    contracts: registry,
    log: silentLog,
  });
  const info = { name: 'w@test', host: 'test', pid: 1, queues: ['default'], concurrency: 5 };
  const server = new LovageServer(
    {
      broker,
      tasks: store.tasks,
      log: silentLog,
      lease: (onLost) => new PgWorkerLease({ url: db.url, info, log: silentLog, onLost }),
    },
    { name: info.name, queues: info.queues, concurrency: 5, contracts },
  );
  @Module({
    imports: [LovageModule.forWorker({ client }), LovageModule.forContracts('family', family)],
    controllers: [controller],
    providers: [SpecGreeter, ...providers],
  })
  class App {}
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(App, {
    strategy: server,
    logger: new NestLog(silentLog),
    abortOnError: false,
  });
  const close = async () => {
    await app.close();
    await client.stop();
    await broker.stop();
    await store.close();
    await db.drop();
  };
  try {
    await listenLean(app);
  } catch (error) {
    await close();
    throw error;
  }
  return { app, client, [Symbol.asyncDispose]: close };
}

describe('a handler', () => {
  test('gets input and context, with injection by type', async () => {
    @Controller()
    class Greetings {
      constructor(@Inject(SpecGreeter) private readonly greeter: SpecGreeter) {}
      @TaskHandler(greet)
      greet({ name }: Input<typeof greet>, task: TaskContext<typeof greet>): string {
        return `${this.greeter.greet(name)} (${task.name}, ${task.attempt})`;
      }
    }
    await using served = await serve(Greetings);
    expect(await served.client.call(greet, { name: 'Ana' })).toBe('Hello, Ana (test.greet, 1)');
  });

  test('may decorate its parameters, and answer an observable', async () => {
    class Trim implements PipeTransform {
      transform(input: Input<typeof greet>): Input<typeof greet> {
        return { name: input.name.trim() };
      }
    }
    @Controller()
    class Greetings {
      @TaskHandler(greet)
      greet(@Payload(Trim) { name }: Input<typeof greet>, @Ctx() task: TaskContext<typeof greet>): Observable<string> {
        return of('first', `${task.name} for ${name}`);
      }
    }
    await using served = await serve(Greetings);
    expect(await served.client.call(greet, { name: '  Bo ' })).toBe('test.greet for Bo');
  });

  test('its declared errors, retries and plain errors reach the engine as they are', async () => {
    @Controller()
    class Greetings {
      @TaskHandler(greet)
      greet({ name }: Input<typeof greet>): string {
        if (name === 'rude') throw greet.error('TooRude', { word: 'x' });
        throw new RangeError('no');
      }
    }
    await using served = await serve(Greetings);
    await expect(served.client.call(greet, { name: 'rude' })).rejects.toMatchObject({
      type: 'TooRude',
      data: { word: 'x' },
    });
    await expect(served.client.call(greet, { name: 'x' })).rejects.toMatchObject({
      code: 'task_failed',
      document: { type: 'RangeError', message: 'no' },
    });
  });

  test('pipes for all handlers apply', async () => {
    class Upper implements PipeTransform {
      transform(value: unknown): unknown {
        const { name } = value as { name?: unknown };
        return typeof name === 'string' && !Reflect.has(Object(value), 'signal') ? { name: name.toUpperCase() } : value;
      }
    }
    @Controller()
    class Greetings {
      @TaskHandler(greet)
      greet({ name }: Input<typeof greet>, task: TaskContext<typeof greet>): string {
        return `${name} ${task.attempt}`;
      }
    }
    await using plain = await serve(Greetings);
    expect(await plain.client.call(greet, { name: 'ana' })).toBe('ana 1');
    await using piped = await serve(Greetings, [greet], [{ provide: APP_PIPE, useClass: Upper }]);
    expect(await piped.client.call(greet, { name: 'ana' })).toBe('ANA 1');
  });

  test('guards, pipes, interceptors and filters apply', async () => {
    class OnlyAna implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const { name } = context.switchToRpc().getData<Input<typeof greet>>();
        if (name === 'mallory') throw new ForbiddenException('not you');
        return name === 'ana';
      }
    }
    class Upper implements PipeTransform {
      transform(value: unknown): unknown {
        const input = value as { name?: string };
        return typeof input.name === 'string' && !('signal' in input) ? { name: input.name.toUpperCase() } : value;
      }
    }
    class Exclaim implements NestInterceptor {
      intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(map((value) => `${value}!`));
      }
    }
    @Catch(ForbiddenException)
    class Softener implements RpcExceptionFilter {
      catch(): Observable<never> {
        return throwError(() => greet.error('TooRude', { word: 'softened' }));
      }
    }
    @Controller()
    @UseGuards(OnlyAna)
    @UsePipes(Upper)
    @UseInterceptors(Exclaim)
    @UseFilters(Softener)
    class Greetings {
      @TaskHandler(greet)
      greet({ name }: Input<typeof greet>): string {
        return `Hi ${name}`;
      }
    }
    await using served = await serve(Greetings);
    expect(await served.client.call(greet, { name: 'ana' })).toBe('Hi ANA!');
    await expect(served.client.call(greet, { name: 'bo' })).rejects.toMatchObject({ code: 'task_failed' });
    await expect(served.client.call(greet, { name: 'mallory' })).rejects.toMatchObject({ data: { word: 'softened' } });
  });
});

describe('the boot', () => {
  test('is refused on a contract without a handler', async () => {
    @Controller()
    class Nothing {}
    await expect(serve(Nothing)).rejects.toMatchObject({ code: 'handler_missing', contracts: ['test.greet'] });
  });

  test('is refused on a contract with two handlers', async () => {
    @Controller()
    class Twice {
      @TaskHandler(greet)
      one(): string {
        return 'one';
      }
      @TaskHandler(greet)
      two(): string {
        return 'two';
      }
    }
    await expect(serve(Twice)).rejects.toMatchObject({ code: 'handler_duplicate', contract: 'test.greet' });
  });

  test('is refused on a handler for a contract that is not served', async () => {
    @Controller()
    class Greetings {
      @TaskHandler(greet)
      greet(): string {
        return '';
      }
    }
    await expect(serve(Greetings, [])).rejects.toMatchObject({ code: 'handler_without_contract' });
  });
});

describe('a batch handler', () => {
  const batched = defineTask({
    name: 'test.greet',
    input: z.strictObject({ name: z.string() }),
    output: z.string(),
    errors: { TooRude: z.object({ word: z.string() }) },
    defaults: { batch: { size: 3, timeout: '10m' } },
  });

  test('gets many tasks at once; guards, pipes, interceptors and injection apply to the whole', async () => {
    const seen: string[] = [];
    class Watch implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const rpc = context.switchToRpc();
        const items = rpc.getData<readonly BatchItem<typeof batched>[]>();
        const tasks = rpc.getContext<readonly TaskContext[]>();
        seen.push(`${items.length} of ${tasks.map(({ name }) => name).join()}`);
        return true;
      }
    }
    @Controller()
    @UseGuards(Watch)
    class Greetings {
      constructor(@Inject(SpecGreeter) private readonly greeter: SpecGreeter) {}
      @TaskBatchHandler(batched)
      greet(items: readonly BatchItem<typeof batched>[]) {
        return items.map(({ input, succeeded, failed }) =>
          input.name === 'rude'
            ? failed(batched.error('TooRude', { word: 'x' }))
            : succeeded(`${this.greeter.greet(input.name)} of ${items.length}`),
        );
      }
    }
    await using served = await serve(Greetings, [batched]);
    const [ana, rude, bo] = await Promise.allSettled(
      ['Ana', 'rude', 'Bo'].map((name) => served.client.call(batched, { name })),
    );
    expect(ana).toMatchObject({ value: 'Hello, Ana of 3' });
    expect(rude).toMatchObject({ reason: { type: 'TooRude', data: { word: 'x' } } });
    expect(bo).toMatchObject({ value: 'Hello, Bo of 3' });
    expect(seen).toEqual(['3 of test.greet,test.greet,test.greet']);
  });

  test('the boot is refused where a batch contract has a plain handler, and the other way round', async () => {
    @Controller()
    class Plain {
      @TaskHandler(batched)
      greet(): string {
        return '';
      }
    }
    @Controller()
    class Batched {
      @TaskBatchHandler(greet)
      greet(): [] {
        return [];
      }
    }
    await expect(serve(Plain, [batched])).rejects.toMatchObject({ code: 'handler_kind', contract: 'test.greet' });
    await expect(serve(Batched)).rejects.toMatchObject({ code: 'handler_kind', contract: 'test.greet' });
  });
});

describe('clients by injection', () => {
  @Controller()
  class Greetings {
    @TaskHandler(greet)
    greet({ name }: Input<typeof greet>): string {
      if (name === 'rude') throw greet.error('TooRude', { word: 'x' });
      return `Hello, ${name}`;
    }
  }

  test('the proxy: send is a call, emit a submit', async () => {
    await using served = await serve(Greetings);
    const proxy = served.app.get(LovageClientProxy);
    expect(await firstValueFrom(proxy.send('test.greet', { name: 'Ana' }))).toBe('Hello, Ana');
    await expect(firstValueFrom(proxy.send('test.greet', { name: 'rude' }))).rejects.toMatchObject({ type: 'TooRude' });
    await expect(firstValueFrom(proxy.send('test.greet', { wrong: 1 }))).rejects.toMatchObject({
      code: 'input_invalid',
    });
    const id = await firstValueFrom(proxy.emit<string>('test.greet', { name: 'Bo' }));
    expect(await served.client.handle(id, greet).result()).toBe('Hello, Bo');
    expect(proxy.unwrap()).toBe(served.client);
  });

  test('a typed family under a name', async () => {
    @Injectable()
    class Uses {
      constructor(@InjectTasks('family') readonly tasks: TasksOf<typeof family>) {}
    }
    await using served = await serve(Greetings);
    const uses = new Uses(served.app.get('lovage:family'));
    expect(await uses.tasks.greet({ name: 'Cy' })).toBe('Hello, Cy');
  });
});
