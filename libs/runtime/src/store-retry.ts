import { hasCode } from '@lovage/foundation';
import type { Clock, Log } from '@lovage/ports';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/** Repeats statements while Postgres is away: what a worker holds is kept, not dropped, until the store is back or the worker gives up. */
export class StoreRetry {
  private stopped = false;
  private wake = new Set<() => void>();
  private away = false;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Whether the last statement failed because Postgres is away. */
  get storeAway(): boolean {
    return this.away;
  }

  /** Whether {@link giveUp} was called. */
  get gaveUp(): boolean {
    return this.stopped;
  }

  /**
   * Repeats what Postgres cannot take now, with growing pauses: because it is away, or for a reason that only an operator
   * can mend, such as a migration that is missing. Neither is a reason to drop what is known.
   * @param tries for any reason but an absent Postgres it is tried so many times. Default: without end.
   * @throws ValueRefusedError at once: repeating would not help. Anything else once {@link giveUp} was called, or after the tries.
   */
  async until<R>(run: () => Promise<R>, tries = Infinity): Promise<R> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        const result = await run();
        if (this.away) this.log.info({}, 'Postgres takes it again');
        this.away = false;
        return result;
      } catch (error) {
        if (hasCode(error, 'value_refused') || this.stopped) throw error;
        if (!hasCode(error, 'store_unavailable') && (tries -= 1) <= 0) throw error;
        if (!this.away) this.log.error({ err: error }, 'Postgres does not take it; holding on to what it has to know');
        this.away = true;
        await this.pause(pauseMs);
      }
    }
  }

  /** No further tries: waiting calls fail with what they last met. */
  giveUp(): void {
    this.stopped = true;
    for (const wake of this.wake) wake();
  }

  /** Resolves after this time, or as soon as {@link giveUp} is called. */
  pause(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.wake.delete(done);
        off();
        resolve();
      };
      const off = this.clock.after(ms, done);
      this.wake.add(done);
    });
  }
}
