import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { WorkerWork } from '@lovage/ports';
import { TaskWorker, type WorkerDeps, type WorkerOptions } from '@lovage/runtime';
import type { AnyContract } from '@lovage/task';
import { HandlerServer } from './handler-server.ts';

export interface LovageServerOptions extends WorkerOptions {
  /** What this worker is told to serve; exactly one handler must be there for each. */
  readonly contracts: readonly AnyContract[];
}

/** Everything of the engine but the handlers, which Nest brings. */
export type LovageServerDeps = Omit<WorkerDeps, 'handlers' | 'lease'> & {
  /** Makes the lease; `onLost` must be called when one is lost, `work` tells what the worker has to do. */
  readonly lease: (onLost: (worker: string) => void, work: () => WorkerWork) => WorkerDeps['lease'];
  /** Gets the engine before it takes the first message: listeners to its signals miss nothing. */
  readonly prepare?: (worker: TaskWorker) => Promise<void>;
};

/**
 * Nest's transport strategy for a Lovage worker:
 * `NestFactory.createMicroservice(AppModule, { strategy: new LovageServer(deps, options) })`, then `listenLean(app)`.
 * That refuses when a contract has no handler, or two.
 */
export class LovageServer extends HandlerServer implements CustomTransportStrategy {
  override readonly transportId = Symbol('lovage');
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

  async close(): Promise<void> {
    await this.engine?.stop();
  }

  unwrap<T>(): T {
    return this.worker as T;
  }

  protected async open(): Promise<void> {
    const { lease, prepare, ...deps } = this.deps;
    const engine: TaskWorker = new TaskWorker(
      {
        ...deps,
        handlers: this.table(this.options.contracts),
        lease: lease(
          (id) => engine.leaseLost(id),
          () => engine.work(),
        ),
      },
      this.options,
    );
    this.engine = engine;
    await prepare?.(engine);
    await engine.start();
  }
}
