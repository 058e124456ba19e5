import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import {
  HandlerDuplicateError,
  HandlerTable,
  TaskWorker,
  type Handle,
  type WorkerDeps,
  type WorkerOptions,
} from '@lovage/runtime';
import type { AnyContract } from '@lovage/task';

export interface LovageServerOptions extends WorkerOptions {
  /** What this worker is told to serve; exactly one handler must be there for each. */
  readonly contracts: readonly AnyContract[];
}

/** Everything of the engine but the handlers, which Nest brings. */
export type LovageServerDeps = Omit<WorkerDeps, 'handlers' | 'lease'> & {
  /** Makes the lease; `onLost` must be called when one is lost. */
  readonly lease: (onLost: (worker: string) => void) => WorkerDeps['lease'];
};

/**
 * Nest's transport strategy for a Lovage worker:
 * `NestFactory.createMicroservice(AppModule, { strategy: new LovageServer(deps, options) })`.
 * `listen` refuses when a contract has no handler, or two.
 */
export class LovageServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('lovage');
  private readonly twice = new Set<string>();
  private engine: TaskWorker | undefined;

  constructor(
    private readonly deps: LovageServerDeps,
    private readonly options: LovageServerOptions,
  ) {
    super();
  }

  /** The engine, once listening. */
  get worker(): TaskWorker {
    if (!this.engine) throw new Error('the server does not listen yet');
    return this.engine;
  }

  // Nest lets a later handler of a pattern replace an earlier one without a word; which of the two would run is chance.
  override addHandler(pattern: unknown, callback: MessageHandler, isEventHandler = false, extras = {}): void {
    const name = this.normalizePattern(pattern as string);
    if (this.messageHandlers.has(name)) this.twice.add(name);
    super.addHandler(pattern, callback, isEventHandler, extras);
  }

  listen(callback: (error?: unknown) => void): void {
    this.open().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  async close(): Promise<void> {
    await this.engine?.stop();
  }

  on(event: string): never {
    throw new Error(`this transport has no event ${event}; see TaskWorker.signals`);
  }

  unwrap<T>(): T {
    return this.worker as T;
  }

  private async open(): Promise<void> {
    const [twice] = this.twice;
    if (twice !== undefined) throw new HandlerDuplicateError(twice);
    const handlers = [...this.messageHandlers].map(([name, handler]) => ({ name, handle: toHandle(handler) }));
    const { lease, ...deps } = this.deps;
    const engine: TaskWorker = new TaskWorker(
      {
        ...deps,
        handlers: new HandlerTable(this.options.contracts, handlers),
        lease: lease((id) => engine.leaseLost(id)),
      },
      this.options,
    );
    this.engine = engine;
    await engine.start();
  }
}

function toHandle(handler: MessageHandler): Handle {
  return async (input, task) => {
    const result: unknown = await handler(input, task);
    return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
  };
}
