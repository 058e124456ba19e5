import { backoffDelayMs, toError, type BackoffPolicy, type Service } from '@lovage/foundation';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export interface TickerOptions {
  /** Between the end of a run and the start of the next, ms, where the run does not say otherwise. */
  readonly everyMs: number;
  /** Before the first run, ms. Default 0: it begins with the start. */
  readonly firstAfterMs?: number;
  readonly clock: Clock;
  /** One run. `true`: there is more to do, run again at once. A number: the next run begins after so many ms. */
  run(): Promise<boolean | number | void>;
  readonly log: Pick<Log, 'warn' | 'debug'>;
  /** Logged when a run fails: `warn` for the first in a row, then `debug`. Runs go on, with growing waits. */
  readonly failure: string;
  /** Level of the first failure. Default `warn`. */
  readonly failureLevel?: 'warn' | 'debug';
  /** Waits after failures; `steady`: as after any other run. Default: 0.5 s at first, 5 s at most. */
  readonly afterFailure?: BackoffPolicy | 'steady';
}

const AFTER_FAILURE: BackoffPolicy = { kind: 'exponential', delayMs: 500, maxDelayMs: 5000, jitter: true };

/** A poll loop: runs something again and again, never twice at once. */
export class Ticker implements Service {
  private cancelTimer: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private failures = 0;
  private poked = false;
  private started = false;
  private stopped = false;
  private nextMs = 0;

  constructor(private readonly options: TickerOptions) {}

  /** Begins the first run, or plans it, and does not wait for it. */
  start(): Promise<void> {
    if (!this.started) {
      this.started = true;
      const { firstAfterMs = 0 } = this.options;
      if (firstAfterMs > 0) this.plan(firstAfterMs);
      else this.begin();
    }
    return Promise.resolve();
  }

  /** Run now; when a run is under way, once more after it. Nothing before the start and after the stop. */
  poke(): void {
    if (this.running) this.poked = true;
    else if (this.started) this.begin();
  }

  /** No further run; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    await this.running;
  }

  private plan(ms: number): void {
    if (!this.stopped) this.cancelTimer = this.options.clock.after(ms, () => this.begin());
  }

  private begin(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    if (this.stopped) return;
    this.running = this.runAll().finally(() => {
      this.running = undefined;
      this.plan(this.nextMs);
    });
  }

  private async runAll(): Promise<void> {
    const { everyMs, log, failure, failureLevel = 'warn', afterFailure = AFTER_FAILURE } = this.options;
    do {
      this.poked = false;
      try {
        const next = await this.options.run();
        this.failures = 0;
        this.nextMs = typeof next === 'number' ? next : everyMs;
        if (next === true) this.poked = true;
      } catch (error) {
        this.failures += 1;
        this.nextMs = afterFailure === 'steady' ? everyMs : backoffDelayMs(afterFailure, this.failures);
        log[this.failures === 1 ? failureLevel : 'debug']({ err: toError(error) }, failure);
        return;
      }
    } while (this.poked && !this.stopped);
  }
}
