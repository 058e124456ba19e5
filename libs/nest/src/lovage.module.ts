import { Inject, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { LovageClient, type TypedClient } from '@lovage/client';
import type { AnyContract } from '@lovage/task';
import { LovageClientProxy } from './lovage-client-proxy.ts';
import { TaskErrorFilter } from './task-error.filter.ts';

export interface LovageModuleOptions {
  /** The process's client; started and stopped by the one who made it. */
  readonly client: LovageClient;
}

/** Token of a typed client that `forContracts` provides. */
const tokenOf = (name: string) => `lovage:${name}`;

/** Injects the typed client that `LovageModule.forContracts(name, …)` provides. */
export const InjectTasks = (name: string): ParameterDecorator & PropertyDecorator => Inject(tokenOf(name));

/** Type of what {@link InjectTasks} injects. */
export type TasksOf<T extends Readonly<Record<string, AnyContract>>> = TypedClient<T>;

/**
 * Brings Lovage into a Nest application: `LovageClient` and `LovageClientProxy` for injection everywhere, and in a worker
 * the filter that lets the engine see what handlers throw.
 */
@Module({})
export class LovageModule {
  /** Once, in the root module of an application that submits tasks. */
  static forRoot(options: LovageModuleOptions): DynamicModule {
    const providers: Provider[] = [
      { provide: LovageClient, useValue: options.client },
      { provide: LovageClientProxy, useFactory: () => new LovageClientProxy(options.client) },
    ];
    return { module: LovageModule, global: true, providers, exports: [LovageClient, LovageClientProxy] };
  }

  /** Once, in the root module of a worker: its handlers may inject the client too. */
  static forWorker(options: LovageModuleOptions): DynamicModule {
    const root = this.forRoot(options);
    return { ...root, providers: [...(root.providers ?? []), { provide: APP_FILTER, useClass: TaskErrorFilter }] };
  }

  /** A typed client of some contracts under a name: `@InjectTasks('math') math: TasksOf<typeof contracts>`. */
  static forContracts<T extends Readonly<Record<string, AnyContract>>>(name: string, contracts: T): DynamicModule {
    const provider: Provider = {
      provide: tokenOf(name),
      inject: [LovageClient],
      useFactory: (client: LovageClient) => client.client(contracts),
    };
    return { module: LovageModule, providers: [provider], exports: [provider] };
  }
}
