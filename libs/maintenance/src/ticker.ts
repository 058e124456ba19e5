import { backoffDelayMs, toError, type BackoffPolicy } from '@lovage/foundation';
import type { Clock } from '@lovage/ports';

export interface TickerOptions {
  /** Between the end of a run and the start of the next, ms. */
  readonly everyMs: number;
  readonly clock: Clock;
  /** One run. `true`: there is more to do, run again at once. */
  run(): Promise<boolean>;
  /** A run failed, for the n-th time in a row; runs go on, with growing waits. */
  onFailure(error: Error, count: number): void;
}

const AFTER_FAILURE: BackoffPolicy = { kind: 'exponential', delayMs: 500, maxDelayMs: 5000, jitter: true };

/** Runs something again and again, never twice at once. */
export class Ticker {
  private callOffTimer: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private failures = 0;
  private poked = false;
  private stopped = false;

  constructor(private readonly options: TickerOptions) {}

  start(): void {
    this.begin();
  }

  /** Run now; when a run is under way, once more after it. */
  poke(): void {
    if (this.running) this.poked = true;
    else this.begin();
  }

  /** No further run; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.callOffTimer?.();
    await this.running;
  }

  private begin(): void {
    this.callOffTimer?.();
    this.callOffTimer = undefined;
    if (this.stopped || this.running) return;
    this.running = this.runAll().finally(() => {
      this.running = undefined;
      if (this.stopped) return;
      const delayMs = this.failures > 0 ? backoffDelayMs(AFTER_FAILURE, this.failures) : this.options.everyMs;
      this.callOffTimer = this.options.clock.after(delayMs, () => this.begin());
    });
  }

  private async runAll(): Promise<void> {
    let again = true;
    while (again && !this.stopped) {
      this.poked = false;
      try {
        again = (await this.options.run()) || this.poked;
        this.failures = 0;
      } catch (error) {
        this.failures += 1;
        this.options.onFailure(toError(error), this.failures);
        return;
      }
    }
  }
}
