import type { AccessChecks, Clock, UserStanding } from '@lovage/ports';
import { LRUCache } from 'lru-cache';

/** How old an answer may be, ms. With the time of the question itself it stays below a second. */
export const FRESH_MS = 500;
/** Users remembered, at most; one that is forgotten is asked for again. */
const MAX_USERS = 10_000;

/** `null`: there is no such user. `undefined`: Postgres never told. */
export type KnownStanding = UserStanding | null | undefined;

interface Entry {
  standing: KnownStanding;
  /** Monotonic ms at which the question was put that gave the standing; -Infinity: none has. */
  asOf: number;
  asking: Promise<void> | undefined;
  /** The last question had no answer. */
  failed: boolean;
}

/**
 * What users are now: each one is asked for at most every {@link FRESH_MS}, by all of their requests together. While Postgres does
 * not answer, the last answer holds, since tasks are accepted without it: nobody waits, and nobody gains a right.
 */
export class Standings {
  private readonly entries = new LRUCache<string, Entry>({ max: MAX_USERS });

  constructor(
    private readonly checks: Pick<AccessChecks, 'standingOf'>,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  /** The standing as it is known; `'stale'`: it has to be asked for, see {@link now}. */
  known(userId: string): KnownStanding | 'stale' {
    const entry = this.entries.get(userId);
    if (!entry) return 'stale';
    if (this.clock.monotonic() - entry.asOf < FRESH_MS) return entry.standing;
    if (!entry.failed) return 'stale';
    // An outage: the next answer is looked out for, and not waited for.
    entry.asking ??= this.ask(userId, entry);
    return entry.standing;
  }

  async now(userId: string): Promise<KnownStanding> {
    const entry = this.entryOf(userId);
    entry.asking ??= this.ask(userId, entry);
    await entry.asking;
    return entry.standing;
  }

  /** After a change that was made here: the next request asks. */
  forget(userId: string): void {
    this.entries.delete(userId);
  }

  private entryOf(userId: string): Entry {
    let entry = this.entries.get(userId);
    if (!entry) {
      entry = { standing: undefined, asOf: -Infinity, asking: undefined, failed: false };
      this.entries.set(userId, entry);
    }
    return entry;
  }

  private async ask(userId: string, entry: Entry): Promise<void> {
    const asOf = this.clock.monotonic();
    try {
      entry.standing = (await this.checks.standingOf(userId)) ?? null;
      entry.asOf = asOf;
      entry.failed = false;
    } catch {
      entry.failed = true;
    } finally {
      entry.asking = undefined;
    }
  }
}
