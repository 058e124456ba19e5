import { createHash } from 'node:crypto';
import { inputOf } from '@lovage/celery';
import {
  Ticker,
  type ClaimedTask,
  type Clock,
  type ImposedLimits,
  type LimitedClaimItem,
  type LimitStore,
  type Log,
  type TaskLimits,
  type WorkerId,
} from '@lovage/ports';
import { validateInput, type LimitKeyValue } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';

export interface LimitedClaimsDeps {
  readonly limits: LimitStore;
  readonly overrides: Pick<LimitOverrides, 'of'>;
  readonly log: Log;
}

/** A longer value stands in the key as its hash: Postgres cannot index what is much longer. */
const MAX_VALUE = 200;

/** Claims tasks whose contract has limits, or was given some by an operator. What has to wait is parked: this worker is rid of it. */
export class LimitedClaims {
  constructor(private readonly deps: LimitedClaimsDeps) {}

  /** By task: the claim, or that it waits now. The others were refused by their rows. */
  async claim(
    worker: { id: WorkerId; name: string },
    entries: readonly TaskEntry[],
    options: { suspects: boolean },
  ): Promise<Map<string, ClaimedTask | 'parked'>> {
    const items = entries.map((entry): LimitedClaimItem => ({ ...entry.toClaimItem(), limits: entry.limits! }));
    const claims = await this.deps.limits.claim(worker, items, options);
    return new Map(claims.map((claim) => [claim.id, claim.outcome === 'parked' ? 'parked' : claim]));
  }

  /** Undefined: it has none, or fails before its handler is called. */
  limitsOf(entry: TaskEntry): TaskLimits | undefined {
    const { binding, options } = entry;
    if (!binding || options.record !== 'full') return undefined;
    const { contract } = binding;
    const { concurrency, rateLimit } = options;
    const set = this.deps.overrides.of(contract.name);
    if (!concurrency && !rateLimit && !set) return undefined;
    let input: unknown;
    if (concurrency?.key || rateLimit?.key) {
      try {
        input = validateInput(contract, inputOf(entry.task, contract.positional));
      } catch {
        // It fails before its handler is called: there is nothing to limit.
        return undefined;
      }
    }
    const key = (kind: string, of: ((input: unknown) => LimitKeyValue) | undefined) =>
      of ? `${kind}:${contract.name}:${this.valueOf(entry, () => of(input))}` : `${kind}:${contract.name}`;
    return {
      contract: contract.name,
      concurrency:
        concurrency || set?.concurrency
          ? { key: key('concurrency', concurrency?.key), limit: concurrency?.limit ?? null }
          : null,
      rate:
        rateLimit || set?.rate
          ? {
              key: key('rate', rateLimit?.key),
              intervalMs: rateLimit?.intervalMs ?? null,
              burst: rateLimit?.burst ?? 1,
            }
          : null,
    };
  }

  /** Tasks of which no value can be had share one: they are limited all the same. */
  private valueOf(entry: TaskEntry, read: () => LimitKeyValue): string {
    let value: unknown;
    try {
      value = read();
      if (!['string', 'number', 'boolean'].includes(typeof value)) throw new TypeError(`it answered ${typeof value}`);
    } catch (error) {
      const { log } = this.deps;
      log.error(
        { err: error, task: entry.id, contract: entry.task.name },
        'the key of a limit could not be found; the task is counted with all of its contract that have none',
      );
      return '';
    }
    const text = String(value);
    // NUL is the one character that Postgres does not keep.
    return text.length <= MAX_VALUE && !text.includes('\0')
      ? text
      : createHash('sha256').update(text).digest('base64url');
  }
}

/** Between two readings, ms: so long may a limit that an operator has set on a contract without one take to hold. */
const EVERY_MS = 1000;
const UNREAD = 'the limits set by operators could not be read; tried again';

/**
 * Which contracts have limits set by an operator, read again each second. What the limits are is decided by the claim, in
 * Postgres; here it matters that there are some.
 */
export class LimitOverrides {
  private byContract: ReadonlyMap<string, ImposedLimits> = new Map();
  private readonly ticker: Ticker;

  constructor(
    private readonly limits: Pick<LimitStore, 'imposed'>,
    clock: Clock,
    private readonly log: Log,
  ) {
    this.ticker = new Ticker({
      ...{ clock, log, everyMs: EVERY_MS, firstAfterMs: EVERY_MS },
      // What was read last goes on to hold.
      afterFailure: 'steady',
      failure: UNREAD,
      run: () => this.readOnce(),
    });
  }

  of(contract: string): ImposedLimits | undefined {
    return this.byContract.get(contract);
  }

  /** Resolves when they have been read once, or could not be. */
  async start(): Promise<void> {
    await this.readOnce().catch((err: unknown) => this.log.warn({ err }, UNREAD));
    await this.ticker.start();
  }

  /** Resolves when no reading is under way. Idempotent. */
  stop(): Promise<void> {
    return this.ticker.stop();
  }

  private async readOnce(): Promise<void> {
    this.byContract = new Map((await this.limits.imposed()).map((imposed) => [imposed.contract, imposed]));
  }
}
