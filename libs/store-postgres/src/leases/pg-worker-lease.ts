import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { backoffDelayMs, deferred, Lifecycle, maskUrl, toError, type BackoffPolicy } from '@lovage/foundation';
import {
  StoreUnavailableError,
  systemClock,
  within,
  type Clock,
  type LeaseOptions,
  type Log,
  type WorkerId,
  type WorkerInfo,
  type WorkerLease,
} from '@lovage/ports';
import { LoopDelay } from './loop-delay.ts';

type LeaseMessage =
  | { type: 'held'; id: WorkerId }
  | { type: 'lost'; id: WorkerId }
  | { type: 'trouble'; message: string }
  | { type: 'asked' }
  | { type: 'stopped' };

/** The thread that renews, and how to learn that it is gone. */
interface LeaseThread {
  readonly worker: Worker;
  /** Resolves when the thread has ended, whatever ended it. */
  readonly gone: Promise<void>;
}

export interface PgWorkerLeaseOptions extends LeaseOptions {
  readonly url: string;
  readonly info: WorkerInfo;
  /** Longest wait of `start` for the first lease, ms. Default 10 000. */
  readonly startTimeoutMs?: number;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** Before a thread that died is started again. */
const RETRY: BackoffPolicy = { kind: 'exponential', delayMs: 250, maxDelayMs: 10_000, jitter: true };
/** A connection that hangs must not keep the process: the lease then simply runs out. */
const STOP_PATIENCE_MS = 3000;

/**
 * A lease in the table `workers`, renewed by a thread (`lease-thread.mjs`). A thread that dies takes its lease with it: what
 * runs under it is given up, and a new thread takes a new lease.
 */
export class PgWorkerLease implements WorkerLease {
  private readonly lifecycle = new Lifecycle(
    () => this.open(),
    () => this.close(),
  );
  private readonly clock: Clock;
  private readonly firstHeld = deferred();
  private thread: LeaseThread | undefined;
  private current: WorkerId | undefined;
  /** The current id stands for a lease; else nothing can be claimed under it. */
  private leased = false;
  private troubled = false;
  private closed = false;
  /** Threads that died since a lease was last held. */
  private deaths = 0;
  /** Queues, where they have changed since the start. */
  private queues: readonly string[] | undefined;
  private cancelRestart: (() => void) | undefined;
  private readonly loop = new LoopDelay();

  constructor(private readonly options: PgWorkerLeaseOptions) {
    this.clock = options.clock ?? systemClock;
  }

  get id(): WorkerId {
    if (!this.current) throw new Error('the lease has not been started');
    return this.current;
  }

  get held(): boolean {
    return this.leased && !this.troubled && !this.closed;
  }

  start(): Promise<void> {
    return this.lifecycle.start();
  }

  closing(): void {
    this.thread?.worker.postMessage('closing');
  }

  serves(queues: readonly string[]): void {
    this.queues = queues;
    this.thread?.worker.postMessage({ info: this.infoJson() });
  }

  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  private async open(): Promise<void> {
    const { url, startTimeoutMs = 10_000 } = this.options;
    this.loop.start();
    this.thread = this.startThread();
    const late = (): Error =>
      new StoreUnavailableError(`no lease from ${maskUrl(url)} within ${startTimeoutMs / 1000} s`);
    await within(this.clock, startTimeoutMs, this.firstHeld.promise, late);
  }

  private infoJson(): string {
    const { name: _name, serves: _serves, ...rest } = this.options.info;
    return JSON.stringify({ ...rest, ...(this.queues && { queues: this.queues }) });
  }

  private startThread(): LeaseThread {
    const { url, info, renewMs = 2000, leaseMs = 6000 } = this.options;
    const { name, serves } = info;
    const worker = new Worker(new URL('./lease-thread.mjs', import.meta.url), {
      workerData: {
        ...{ url, name, applicationName: 'lovage-lease', renewMs, leaseMs },
        ...{ info: this.infoJson(), serves: serves ? JSON.stringify(serves) : null },
      },
      // A clean thread: without the loaders and flags that the main thread may have been started with.
      execArgv: [],
      env: process.env,
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    });
    let reason: Error | undefined;
    worker.on('message', (message: LeaseMessage) => this.onMessage(message));
    worker.on('error', (error) => (reason = toError(error)));
    const gone = new Promise<void>((resolve) =>
      worker.once('exit', (code) => {
        resolve();
        this.onGone(reason ?? new Error(`the lease thread ended by itself with exit code ${code}`));
      }),
    );
    return { worker, gone };
  }

  /** The thread has ended. Unless that was asked for, its lease is gone and the work it guarded must not go on. */
  private onGone(reason: Error): void {
    this.thread = undefined;
    if (this.closed) return;
    // Nothing was held yet: the start fails with what went wrong, sooner than with its time limit.
    if (!this.current) return this.firstHeld.reject(reason);
    this.deaths += 1;
    const delayMs = backoffDelayMs(RETRY, this.deaths);
    this.options.log.error(
      { err: reason, worker: this.current, restartInMs: delayMs },
      'the lease thread died: what runs under its lease is aborted, and a new thread takes a new lease',
    );
    if (this.leased) this.lose(this.current!);
    this.cancelRestart = this.clock.after(delayMs, () => this.restart());
  }

  private restart(): void {
    if (this.closed) return;
    try {
      this.thread = this.startThread();
    } catch (error) {
      // The system has no thread to give: tried again like one that died.
      this.onGone(toError(error));
    }
  }

  private onMessage(message: LeaseMessage): void {
    if (message.type === 'held') {
      this.current = message.id;
      this.leased = true;
      this.deaths = 0;
      if (this.troubled) this.options.log.info({ worker: message.id }, 'the lease is held again');
      this.troubled = false;
      this.firstHeld.resolve();
    } else if (message.type === 'lost') {
      this.options.log.warn({ worker: message.id }, 'the lease was lost: what runs under it is aborted');
      this.lose(message.id);
    } else if (message.type === 'asked') {
      this.thread?.worker.postMessage({ ...this.options.work?.(), ...this.loop.take() });
    } else if (message.type === 'trouble') {
      if (!this.troubled)
        this.options.log.warn({ reason: message.message }, 'the lease cannot be renewed; tried again');
      this.troubled = true;
    }
  }

  private lose(id: WorkerId): void {
    this.leased = false;
    // No lease has this id, so no claim is granted under it. Under the old one Postgres might still grant some for a moment,
    // while others may take them over already.
    this.current = randomUUID();
    this.options.onLost?.(id);
  }

  private async close(): Promise<void> {
    this.closed = true;
    this.loop.stop();
    this.cancelRestart?.();
    const { thread } = this;
    if (!thread) return;
    thread.worker.postMessage('stop');
    const cancelTimer = this.clock.after(STOP_PATIENCE_MS, () => void thread.worker.terminate());
    await thread.gone;
    cancelTimer();
  }
}
