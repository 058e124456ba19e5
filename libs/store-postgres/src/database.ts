import type pg from 'pg';
import { isBadValue, isCanceled, isOutage, isReadOnly, isTransient, sqlState, toError } from '@lovage/foundation';
import { StoreUnavailableError, ValueRefusedError, type Clock, type Log } from '@lovage/ports';
import { GatedPool } from './gated-pool.ts';
import { ReadOnlyError, refuseReadOnly } from './writable.ts';

export interface DatabaseOptions {
  /** `postgres://…` */
  readonly url: string;
  /** Shown in `pg_stat_activity`. Default `lovage`. */
  readonly applicationName?: string;
  /** Connections for statements that wait for the disk. Default 8. */
  readonly maxConnections?: number;
  /** Further ones for submits alone, so that a handler with thousands of children leaves claims and records theirs. Default 4. */
  readonly submitConnections?: number;
  /** Longest wait for the server to take a connection, ms; then {@link StoreUnavailableError}. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** Longest wait for a free one of these connections, ms; then {@link StoreUnavailableError} `store_busy`. Default 30000. */
  readonly busyTimeoutMs?: number;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * On which connections a statement runs, and how its commit is waited for. `relaxed`: not at all (`synchronous_commit = off`); a
 * crash of Postgres may undo its last moments. `submit`: as `durable`, for new tasks.
 */
export type Durability = 'durable' | 'relaxed' | 'submit';

/** A statement with its parameters; the name makes it prepared once a connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/**
 * Settings of every connection here. All statements go by key, a batch of keys at a time, but the planner does not know how
 * many: after a burst into an empty table it would read the whole of it for each batch. So index scans in nested loops are
 * the only plans left, and a plan is made once a connection rather than once a call.
 */
const PLANNING =
  '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan -c jit=off';

/**
 * No transaction of ours stands still for longer than a round trip. A process that is stopped in the middle of one (SIGSTOP, a
 * frozen machine) would else keep its locks, on the keys of limits among them, until it goes on.
 */
const NO_STANDSTILL = '-c idle_in_transaction_session_timeout=10s';

/** Runs one statement of a transaction. */
export type RunStatement = <R extends pg.QueryResultRow>(
  statement: Statement,
  values: readonly unknown[],
) => Promise<R[]>;

/** The pools of connections, and the one place where errors of `pg` become errors of ours. */
export class Database {
  private readonly pools: Record<Durability, GatedPool>;

  constructor(options: DatabaseOptions) {
    const { busyTimeoutMs, log, clock } = options;
    const open = (purpose: string, max: number, settings: string): GatedPool => {
      const pool = {
        connectionString: options.url,
        application_name: options.applicationName ?? 'lovage',
        connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
        idleTimeoutMillis: 30_000,
        // One stays: a connection takes longer to make than a task that runs alone.
        min: 1,
        keepAlive: true,
        verify: refuseReadOnly,
        max,
        options: `${settings} ${NO_STANDSTILL}`,
      };
      return new GatedPool({ purpose, pool, busyTimeoutMs, log, clock });
    };
    this.pools = {
      durable: open('claims and records', options.maxConnections ?? 8, PLANNING),
      submit: open('submits', options.submitConnections ?? 4, PLANNING),
      // Two are enough: a claim's flush takes well under a millisecond, since it does not wait for the disk.
      relaxed: open('what need not wait for the disk', 2, `${PLANNING} -c synchronous_commit=off`),
    };
  }

  /** Runs one statement. A deadlock or serialisation failure (class 40) is tried again: every statement here may be repeated. */
  async run<R extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
    durability: Durability = 'durable',
  ): Promise<R[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.pools[durability].query<R>({
          name: statement.name,
          text: statement.text,
          values: values as unknown[],
        });
      } catch (error) {
        if (isTransient(error) && attempt < 5) continue;
        throw toStoreError(error);
      }
    }
  }

  /**
   * Runs statements in one transaction, each seeing what was committed before it. `work` is tried again as {@link run} is, so
   * it must do nothing but run statements.
   */
  async transaction<R>(
    work: (run: RunStatement) => Promise<R>,
    durability: Exclude<Durability, 'relaxed'> = 'durable',
  ): Promise<R> {
    const pool = this.pools[durability];
    for (let attempt = 1; ; attempt += 1) {
      let client: pg.PoolClient | undefined;
      let failure: Error | undefined;
      try {
        client = await pool.connect();
        await client.query('begin');
        const result = await work(async ({ name, text }, values) => {
          const { rows } = await client!.query({ name, text, values: values as unknown[] });
          return rows as never[];
        });
        await client.query('commit');
        return result;
      } catch (error) {
        failure = toError(error);
        // One that may only read is of no use to the next transaction either.
        if (client && sqlState(error) && !isReadOnly(error)) failure = await rollBack(client);
        if (isTransient(error) && attempt < 5) continue;
        throw toStoreError(error);
      } finally {
        // A connection that cannot roll back is of no use to the next one.
        if (client) pool.release(client, failure);
      }
    }
  }

  /**
   * Resolves when Postgres answers and takes writes on connections of all kinds; the first statements need not wait for one
   * then. @throws StoreUnavailableError
   */
  async ping(): Promise<void> {
    await Promise.all([this.pingOn('durable'), this.pingOn('submit'), this.pingOn('relaxed')]);
  }

  private async pingOn(durability: Durability): Promise<void> {
    const ping = { name: 'ping', text: `select current_setting('transaction_read_only') = 'on' as read_only` };
    const [answer] = await this.run<{ read_only: boolean }>(ping, [], durability);
    if (answer?.read_only) throw toStoreError(new ReadOnlyError());
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.pools).map((pool) => pool.close()));
  }
}

/**
 * What `pg` threw: {@link StoreUnavailableError} where it tells of the connection or the server, {@link ValueRefusedError}
 * where of a value, else as it is.
 */
export function toStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailableError) return error;
  if (isCanceled(error))
    return new StoreUnavailableError('Postgres gave up a statement that took too long; nothing was written', {
      code: 'store_busy',
      cause: error,
    });
  if (isUnavailable(error))
    return new StoreUnavailableError('Postgres cannot be reached or refuses work; nothing was written', {
      cause: error,
    });
  return isBadValue(error) ? new ValueRefusedError((error as Error).message, { cause: error }) : error;
}

async function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return toError(error);
  }
}

/** No connection, none to be had, or one that takes no writes; and everything below SQL. */
function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  if (state) return isOutage(state);
  // Without an SQLSTATE those of the socket and of the pool are plain errors, or all addresses' together. What has a class of its
  // own is a mistake here, or was thrown by the work of a transaction. By name: under Jest those of Node.js are of another realm.
  return ['Error', 'AggregateError'].includes((error as Error).name);
}
