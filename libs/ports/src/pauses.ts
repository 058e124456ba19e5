import { backoffDelayMs, type BackoffPolicy } from '@lovage/foundation';
import type { Clock } from './clock.ts';

export interface RepeatRule {
  /** Waits between the tries. */
  readonly waits: BackoffPolicy;
  /** Whether to give up at this error. Default: never. */
  readonly isFinal?: (error: unknown) => boolean;
  /** Told of each failure after which it is tried again; `failures` counts from 1. */
  readonly onFailure?: (error: unknown, failures: number) => void;
}

/** Waits that a stop can cut short, and tries that are repeated until then. */
export class Pauses {
  private readonly wakers = new Set<() => void>();
  private isOver = false;

  constructor(private readonly clock: Pick<Clock, 'after'>) {}

  /** Whether {@link end} was called. */
  get over(): boolean {
    return this.isOver;
  }

  /** Resolves after so many ms, or as soon as {@link end} is called. */
  wait(ms: number): Promise<void> {
    if (this.isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.wakers.delete(wake);
        cancelTimer();
        resolve();
      };
      const cancelTimer = this.clock.after(ms, wake);
      this.wakers.add(wake);
    });
  }

  /**
   * Runs something until it succeeds. {@link end} leaves it one more try.
   * @throws what the run throws when that is final, or once {@link end} was called.
   */
  async retry<R>(run: () => Promise<R>, { waits, isFinal, onFailure }: RepeatRule): Promise<R> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await run();
      } catch (error) {
        if (this.isOver || isFinal?.(error)) throw error;
        onFailure?.(error, failures);
        await this.wait(backoffDelayMs(waits, failures));
      }
    }
  }

  /** Ends the waits under way. */
  wake(): void {
    for (const wake of this.wakers) wake();
  }

  /** Ends the waits under way; from here on none waits. */
  end(): void {
    this.isOver = true;
    this.wake();
  }
}
