import pg from 'pg';
import { StoreUnavailableError, systemClock, type Clock, type Log } from '@lovage/ports';

export interface GatedPoolOptions {
  /** What the connections are for; named where somebody waits for one too long. */
  readonly purpose: string;
  /** Of `pg`; with `max`. Its `connectionTimeoutMillis` is the longest wait for the server, never for a free connection. */
  readonly pool: pg.PoolConfig & { readonly max: number };
  /** Longest wait for a free connection, ms; then {@link StoreUnavailableError} `store_busy`. Default 30000. */
  readonly busyTimeoutMs?: number | undefined;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** Longer than the statements of a full pool take in any health: who waits so long waits for a Postgres that stands still, ms. */
const BUSY_TIMEOUT_MS = 30_000;
/** A wait worth a line in the log, ms. */
const LONG_MS = 2_000;
/** Between two such lines, ms. */
const QUIET_MS = 10_000;

interface Waiter {
  readonly since: number;
  readonly resolve: () => void;
  cancelTimer: () => void;
}

/**
 * Connections for one purpose, first come, first served. `pg` has one time limit for a server that does not answer and for a pool
 * in which all connections are at work; these are not the same: the first one is an outage, the second one passes.
 */
export class GatedPool {
  private readonly pool: pg.Pool;
  private readonly log: Log;
  private readonly clock: Clock;
  private free: number;
  private readonly waiting = new Set<Waiter>();
  private toldAt = -Infinity;

  constructor(private readonly options: GatedPoolOptions) {
    this.pool = new pg.Pool(options.pool);
    this.log = options.log;
    this.clock = options.clock ?? systemClock;
    this.free = options.pool.max;
    this.pool.on('error', (error) => this.log.warn({ err: error }, 'an idle connection to Postgres was lost'));
  }

  /** Who waits for a free connection. */
  get waitingCount(): number {
    return this.waiting.size;
  }

  /** Throws what `pg` throws, and StoreUnavailableError `store_busy`. */
  async query<R extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<R[]> {
    if (this.free > 0) this.free -= 1;
    else await this.wait();
    try {
      return (await this.pool.query<R>(query)).rows;
    } finally {
      this.leave();
    }
  }

  /** A connection for several statements; to be given to {@link release}. Throws as {@link query} does. */
  async connect(): Promise<pg.PoolClient> {
    if (this.free > 0) this.free -= 1;
    else await this.wait();
    try {
      const client = await this.pool.connect();
      client.on('error', toldByStatement);
      return client;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  /** @param broken why the connection is of no use to the next one. */
  release(client: pg.PoolClient, broken: Error | undefined): void {
    client.off('error', toldByStatement);
    client.release(broken);
    this.leave();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (!this.pool.ended && !this.pool.ending) await this.pool.end();
  }

  private wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { busyTimeoutMs = BUSY_TIMEOUT_MS } = this.options;
      const waiter: Waiter = { since: this.clock.monotonic(), resolve, cancelTimer: () => undefined };
      waiter.cancelTimer = this.clock.after(busyTimeoutMs, () => {
        this.waiting.delete(waiter);
        this.tell(busyTimeoutMs, 'no connection to Postgres became free in time; a statement was given up');
        const { purpose, pool } = this.options;
        reject(
          new StoreUnavailableError(
            `Postgres has too much to do: none of the ${pool.max} connections for ${purpose} became free within ${busyTimeoutMs} ms; nothing was written, try again`,
            { code: 'store_busy' },
          ),
        );
      });
      this.waiting.add(waiter);
    });
  }

  private leave(): void {
    const [next] = this.waiting;
    if (!next) {
      this.free += 1;
      return;
    }
    this.waiting.delete(next);
    next.cancelTimer();
    const waitedMs = this.clock.monotonic() - next.since;
    if (waitedMs >= LONG_MS) this.tell(waitedMs, 'statements wait long for a free connection to Postgres');
    next.resolve();
  }

  private tell(waitedMs: number, message: string): void {
    const now = this.clock.monotonic();
    if (now - this.toldAt < QUIET_MS) return;
    this.toldAt = now;
    const { purpose, pool } = this.options;
    const fields = { purpose, connections: pool.max, waiting: this.waiting.size, waitedMs: Math.round(waitedMs) };
    this.log.warn(fields, message);
  }
}

/**
 * For connections taken out of a pool: what breaks one rejects its statement, and is emitted as well. The pool listens to
 * those in it; of one that is out it would end the process.
 */
function toldByStatement(): void {
  // The statement under way, or else the next one, has it.
}
