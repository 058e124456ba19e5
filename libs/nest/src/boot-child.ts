import type { INestMicroservice, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy, MicroserviceOptions } from '@nestjs/microservices';
import type { ChildApp, HandlerTable } from '@lovage/runtime';
import type { AnyContract } from '@lovage/task';
import { HandlerServer } from './handler-server.ts';
import { listenLean } from './listen-lean.ts';

export interface BootChildOptions {
  /** The same that the worker serves. */
  readonly contracts: readonly AnyContract[];
  readonly logger: LoggerService;
  /** Called after the application was closed: closes what was opened for it. */
  readonly closed?: () => Promise<void>;
}

/** Nest's transport in a child: the worker brings the tasks, one at a time. */
class ChildServer extends HandlerServer implements CustomTransportStrategy {
  override readonly transportId = Symbol('lovage-child');
  private handlers: HandlerTable | undefined;

  constructor(private readonly contracts: readonly AnyContract[]) {
    super();
  }

  get served(): HandlerTable {
    if (!this.handlers) throw new Error('the server does not listen yet');
    return this.handlers;
  }

  close(): void {}

  unwrap<T>(): T {
    return this.served as T;
  }

  protected open(): Promise<void> {
    this.handlers = this.table(this.contracts);
    return Promise.resolve();
  }
}

/**
 * Boots a worker's Nest application in a child, for the pools `thread` and `process`: the same module, so that guards, pipes,
 * interceptors, filters and injection apply there too. To be called by the default export of `children.boot`:
 * `export default () => bootChild(AppModule, { contracts, logger })`.
 * @throws HandlerMissingError HandlerDuplicateError HandlerWithoutContractError
 */
export async function bootChild(
  module: Parameters<typeof NestFactory.createMicroservice>[0],
  { contracts, logger, closed }: BootChildOptions,
): Promise<ChildApp> {
  const server = new ChildServer(contracts);
  const app: INestMicroservice = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
    strategy: server,
    logger,
    abortOnError: false,
  });
  await listenLean(app);
  return {
    handlers: server.served,
    async close() {
      await app.close();
      await closed?.();
    },
  };
}
