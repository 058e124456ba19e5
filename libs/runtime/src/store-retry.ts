import { hasCode, isolate, type BackoffPolicy } from '@lovage/foundation';
import { Pauses, type Clock, type Log } from '@lovage/ports';

const WAITS: BackoffPolicy = { kind: 'exponential', delayMs: 100, maxDelayMs: 2000, jitter: false };

/**
 * What came of a write. `unstorable`: Postgres refuses a value of it, now and ever. `unwritten`: it could not be written, mostly
 * because the worker stops while Postgres is away.
 */
export type WriteOutcome = { readonly kind: 'written' } | Unwritten;

/** Why something could not be written. */
export type Unwritten =
  { readonly kind: 'unstorable'; readonly error: Error } | { readonly kind: 'unwritten'; readonly error: unknown };

const WRITTEN: WriteOutcome = { kind: 'written' };

/** Repeats statements while Postgres is away: what a worker holds is kept, not dropped, until the store is back or the worker gives up. */
export class StoreRetry {
  private readonly pauses: Pauses;
  private away = false;

  constructor(
    clock: Clock,
    private readonly log: Log,
  ) {
    this.pauses = new Pauses(clock);
  }

  /** Whether the last statement failed because Postgres is away. */
  get storeAway(): boolean {
    return this.away;
  }

  /** Whether {@link giveUp} was called. */
  get gaveUp(): boolean {
    return this.pauses.over;
  }

  /**
   * Repeats what Postgres cannot take now, with growing pauses: because it is away, or for a reason that only an operator
   * can mend, such as a migration that is missing. Neither is a reason to drop what is known.
   * @param tries for any reason but an absent Postgres it is tried so many times. Default: without end.
   * @throws ValueRefusedError at once: repeating would not help. Anything else once {@link giveUp} was called, or after the tries.
   */
  async until<R>(run: () => Promise<R>, tries = Infinity): Promise<R> {
    let left = tries;
    const result = await this.pauses.retry(run, {
      waits: WAITS,
      isFinal: (error) => hasCode(error, 'value_refused') || (!hasCode(error, 'store_unavailable') && (left -= 1) <= 0),
      onFailure: (err) => {
        if (!this.away) this.log.error({ err }, 'Postgres does not take it; holding on to what it has to know');
        this.away = true;
      },
    });
    if (this.away) this.log.info({}, 'Postgres takes it again');
    this.away = false;
    return result;
  }

  /** The same of a write whose failure somebody decides about. Never rejects. */
  async write(run: () => Promise<unknown>): Promise<WriteOutcome> {
    try {
      await this.until(run);
      return WRITTEN;
    } catch (error) {
      return unwritten(error);
    }
  }

  /** No further tries: waiting calls fail with what they last met. */
  giveUp(): void {
    this.pauses.end();
  }

  /** Resolves after this time, or as soon as {@link giveUp} is called. */
  pause(ms: number): Promise<void> {
    return this.pauses.wait(ms);
  }
}

/** What a failed write comes to. */
export function unwritten(error: unknown): Unwritten {
  return hasCode(error, 'value_refused') ? { kind: 'unstorable', error } : { kind: 'unwritten', error };
}

/**
 * Writes a batch, and gives what came of each item. A value that Postgres refuses costs its own item only; where nothing can be written,
 * that is what came of all. Never rejects.
 * @param write some of the items; its results stand in their order, if need be without some.
 */
export function writeEach<T, R>(
  items: readonly T[],
  write: (part: readonly T[]) => Promise<readonly R[]>,
  failed: (item: T, reason: Unwritten) => R,
): Promise<readonly R[]> {
  return isolate(items, {
    write: async (part) => {
      try {
        return await write(part);
      } catch (error) {
        const reason = unwritten(error);
        if (reason.kind === 'unstorable') throw error;
        return part.map((item) => failed(item, reason));
      }
    },
    onFaulty: (item, error) => [failed(item, unwritten(error))],
  });
}
