import type { Clock } from '@lovage/ports';
import { FetchFailedError } from './errors.ts';

/**
 * How long a fetch is waited for: in all, and for each next sign of life. Its signal is aborted when patience ends, or
 * when the given signal is.
 */
export class Patience {
  private readonly controller = new AbortController();
  private readonly cancelTotal: () => void;
  private cancelNext: (() => void) | undefined;
  private timerAt = Infinity;
  private deadline = Infinity;
  private awaited = '';

  constructor(
    private readonly clock: Clock,
    private readonly outer: AbortSignal,
    totalMs: number,
  ) {
    this.cancelTotal = clock.after(totalMs, () =>
      this.end(new FetchFailedError(`the fetch was not complete within ${totalMs / 1000} s`)),
    );
    outer.addEventListener('abort', this.onOuterAbort);
    if (outer.aborted) this.onOuterAbort();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** From now on this is awaited, for so long; it replaces what was awaited before. */
  expect(awaited: string, ms: number): void {
    this.awaited = `${awaited} has not come within ${ms / 1000} s`;
    this.deadline = this.clock.monotonic() + ms;
    // The timer that runs looks at the deadline when it fires: no new one for each chunk that comes.
    if (this.timerAt > this.deadline) this.arm();
  }

  /** @throws the reason, once patience has ended */
  check(): void {
    this.signal.throwIfAborted();
  }

  /** What `promise` gives, or the end of patience, whichever is first. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    let onAbort!: () => void;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort);
    });
    return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
  }

  close(): void {
    this.outer.removeEventListener('abort', this.onOuterAbort);
    this.cancelTotal();
    this.cancelNext?.();
  }

  private arm(): void {
    this.cancelNext?.();
    this.timerAt = this.deadline;
    this.cancelNext = this.clock.after(Math.max(0, Math.ceil(this.deadline - this.clock.monotonic())), () => {
      this.timerAt = Infinity;
      if (this.clock.monotonic() >= this.deadline) this.end(new FetchFailedError(this.awaited));
      else this.arm();
    });
  }

  private readonly onOuterAbort = (): void => this.end(this.outer.reason as Error);

  private end(reason: Error): void {
    this.controller.abort(reason);
    this.close();
  }
}
