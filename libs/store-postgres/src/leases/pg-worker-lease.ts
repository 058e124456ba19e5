import { Worker } from 'node:worker_threads';
import { deferred, Lifecycle, maskUrl } from '@lovage/foundation';
import {
  StoreUnavailableError,
  type LeaseOptions,
  type Log,
  type WorkerId,
  type WorkerInfo,
  type WorkerLease,
} from '@lovage/ports';

type LeaseMessage =
  | { type: 'held'; id: WorkerId }
  | { type: 'lost'; id: WorkerId }
  | { type: 'trouble'; message: string }
  | { type: 'stopped' };

/** A lease in the table `workers`, renewed by a thread (`lease-thread.mjs`). */
export class PgWorkerLease implements WorkerLease {
  private readonly lifecycle = new Lifecycle(
    () => this.open(),
    () => this.close(),
  );
  private readonly firstHeld = deferred();
  private thread: Worker | undefined;
  private current: WorkerId | undefined;
  private troubled = false;
  private closed = false;

  constructor(
    private readonly options: { url: string; info: WorkerInfo; startTimeoutMs?: number; log: Log } & LeaseOptions,
  ) {}

  get id(): WorkerId {
    if (!this.current) throw new Error('the lease has not been started');
    return this.current;
  }

  get held(): boolean {
    return this.current !== undefined && !this.troubled && !this.closed;
  }

  start(): Promise<void> {
    return this.lifecycle.start();
  }

  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  private async open(): Promise<void> {
    const { url, info, renewMs = 2000, leaseMs = 6000, startTimeoutMs = 10_000 } = this.options;
    const { name, ...rest } = info;
    const thread = new Worker(new URL('./lease-thread.mjs', import.meta.url), {
      workerData: { url, name, info: JSON.stringify(rest), applicationName: 'lovage-lease', renewMs, leaseMs },
      // A clean thread: without the loaders and flags that the main thread may have been started with.
      execArgv: [],
      env: process.env,
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    });
    this.thread = thread;
    thread.on('message', (message: LeaseMessage) => this.onMessage(message));
    thread.on('error', (error) => {
      // The thread is gone and with it the lease: the work it guarded must not go on.
      this.options.log.error({ err: error }, 'the lease thread died');
      this.closed = true;
      if (this.current) this.options.onLost?.(this.current);
      this.firstHeld.reject(error);
    });
    const timer = setTimeout(
      () =>
        this.firstHeld.reject(
          new StoreUnavailableError(`no lease from ${maskUrl(url)} within ${startTimeoutMs / 1000} s`),
        ),
      startTimeoutMs,
    );
    try {
      await this.firstHeld.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  private onMessage(message: LeaseMessage): void {
    if (message.type === 'held') {
      this.current = message.id;
      if (this.troubled) this.options.log.info({ worker: message.id }, 'the lease is held again');
      this.troubled = false;
      this.firstHeld.resolve();
    } else if (message.type === 'lost') {
      this.options.log.warn({ worker: message.id }, 'the lease was lost: what runs under it is aborted');
      this.options.onLost?.(message.id);
    } else if (message.type === 'trouble') {
      if (!this.troubled) this.options.log.warn({ reason: message.message }, 'the lease cannot be renewed; trying on');
      this.troubled = true;
    }
  }

  private async close(): Promise<void> {
    this.closed = true;
    const thread = this.thread;
    if (!thread) return;
    const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
    thread.postMessage('stop');
    // A connection that hangs must not keep the process: the lease then simply runs out.
    const timer = setTimeout(() => void thread.terminate(), 3000);
    await ended;
    clearTimeout(timer);
  }
}
