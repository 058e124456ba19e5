import { createHash } from 'node:crypto';
import {
  StoreUnavailableError,
  systemClock,
  within,
  type Clock,
  type RateCount,
  type RateCounter,
  type RateCounterOptions,
  type RateCounters,
} from '@lovage/ports';
import type { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Database, Statement } from '../database.ts';
import { EXTEND_WINDOW } from '../sql/rates.ts';

const TABLE = 'rate_counters';
/** How often counts whose window is over are deleted, ms. Until then they take room and count for nothing. */
const CLEAR_EVERY_MS = 60_000;
/** Longest wait of a counter that can count here meanwhile, ms; nor does it ask again within this time. */
const MEANWHILE_MS = 1_000;
/** The limit is ours to judge: the library counts. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

interface Limiters {
  readonly postgres: RateLimiterPostgres;
  readonly memory: RateLimiterMemory;
}

/**
 * Counters on Postgres, by rate-limiter-flexible. Their table is unlogged: a crash of Postgres forgets the counts, and no commit
 * waits for the disk.
 */
export class PgRateCounters implements RateCounters {
  private clearedAt: number;
  /** Monotonic ms, until when Postgres is not asked for counters that can do without it. */
  private awayUntil = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock = systemClock,
  ) {
    this.clearedAt = clock.monotonic();
  }

  /** Loads the library when something is counted for the first time: a worker, which counts nothing, does not carry it. */
  counter(options: RateCounterOptions): RateCounter {
    let opened: Promise<Limiters> | undefined;
    const limiters = (): Promise<Limiters> => (opened ??= this.open(options));
    return {
      read: async (key) => countOf(await (await limiters()).postgres.get(keyOf(key))),
      add: async (key, n) => {
        const { postgres } = await limiters();
        this.clearAtTimes(postgres);
        return countOf(await postgres.penalty(keyOf(key), n))!;
      },
      extend: async (key, ms) => {
        const { postgres, memory } = await limiters();
        try {
          await this.run(EXTEND_WINDOW, [postgres.getKey(keyOf(key)), Math.ceil(ms)], options);
        } catch (error) {
          if (!options.countsHereMeanwhile || !(error instanceof StoreUnavailableError)) throw error;
          const count = await memory.get(keyOf(key));
          if (count) await memory.set(keyOf(key), count.consumedPoints, Math.ceil((count.msBeforeNext + ms) / 1000));
        }
      },
    };
  }

  private async open(options: RateCounterOptions): Promise<Limiters> {
    const { RateLimiterMemory, RateLimiterPostgres } = await import('rate-limiter-flexible');
    const limits = { keyPrefix: options.name, points: NO_LIMIT, duration: options.windowMs / 1000 };
    const memory = new RateLimiterMemory(limits);
    const query = async ({ name, text, values }: Statement & { readonly values: readonly unknown[] }) => {
      const rows = await this.run({ name, text }, values.map(whole), options);
      return { rows, rowCount: rows.length };
    };
    const postgres = new RateLimiterPostgres({
      ...limits,
      storeClient: { query },
      storeType: 'client',
      tableName: TABLE,
      tableCreated: true,
      clearExpiredByTimeout: false,
      ...(options.countsHereMeanwhile && { insuranceLimiter: memory }),
    });
    return { postgres, memory };
  }

  private async run(
    statement: Statement,
    values: readonly unknown[],
    { countsHereMeanwhile = false }: RateCounterOptions,
  ): Promise<object[]> {
    const asked = (): Promise<object[]> => this.database.run(statement, values, 'relaxed');
    if (!countsHereMeanwhile) return asked();
    if (this.clock.monotonic() < this.awayUntil) throw away();
    try {
      return await within(this.clock, MEANWHILE_MS, asked(), away);
    } catch (error) {
      this.awayUntil = this.clock.monotonic() + MEANWHILE_MS;
      throw error;
    }
  }

  private clearAtTimes(postgres: RateLimiterPostgres): void {
    const now = this.clock.monotonic();
    if (now - this.clearedAt < CLEAR_EVERY_MS) return;
    this.clearedAt = now;
    // It never rejects; what it could not delete goes the next time.
    void (postgres as unknown as { clearExpired(at: number): Promise<void> }).clearExpired(Date.now());
  }
}

function countOf(answer: RateLimiterRes | null): RateCount | undefined {
  return answer ? { count: answer.consumedPoints, endsInMs: answer.msBeforeNext } : undefined;
}

/** Of one length, however long an e-mail is; and the table tells no addresses. */
function keyOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}

/** A duration in seconds is no whole number of ms again where it has a fraction. */
function whole(value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value) : value;
}

function away(): StoreUnavailableError {
  return new StoreUnavailableError(`Postgres has not counted within ${MEANWHILE_MS} ms`);
}
