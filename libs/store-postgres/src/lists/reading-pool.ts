import type pg from 'pg';
import { toStoreError, type DatabaseOptions } from '../database.ts';
import { GatedPool } from '../gated-pool.ts';
import type { Query } from './list-sql.ts';

/** No question for a page takes longer in health; one that does must not hold its connection, ms. */
const LONGEST_MS = 5_000;

/**
 * Ranges come from their indexes in the order of the list and are merged as far as a page needs: a plan that gathers them
 * first and sorts then is the one mistake that the planner could make, and makes.
 */
const PLANNING =
  '-c enable_sort=off -c enable_seqscan=off -c enable_bitmapscan=off -c max_parallel_workers_per_gather=0 -c jit=off -c plan_cache_mode=force_custom_plan';
const OPTIONS = `${PLANNING} -c default_transaction_read_only=on -c statement_timeout=${LONGEST_MS}`;

/**
 * Connections for questions about many tasks, which the planner must plan freely: unlike those of `Database`, where it may
 * only go by key. Few, so that questions leave the machine to the tasks.
 */
export class ReadingPool {
  private readonly pool: GatedPool;

  /**
   * @param purpose named where somebody waits for a connection too long. @param max connections. @param settings further ones of
   * each connection, as `-c name=value`.
   */
  constructor(options: DatabaseOptions, purpose = 'lists', max = 4, settings = '') {
    const { busyTimeoutMs, log, clock } = options;
    const pool = {
      connectionString: options.url,
      application_name: options.applicationName ?? 'lovage',
      connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      max,
      options: `${OPTIONS} ${settings}`,
    };
    this.pool = new GatedPool({ purpose, pool, busyTimeoutMs, log, clock });
  }

  /** @throws StoreUnavailableError */
  run<R extends pg.QueryResultRow>({ text, values }: Query): Promise<R[]> {
    return asStoreError(() => this.pool.query<R>({ text, values: values as unknown[] }));
  }

  /** Several queries that see the same moment. @throws StoreUnavailableError */
  together<T>(work: (run: <R extends pg.QueryResultRow>(query: Query) => Promise<R[]>) => Promise<T>): Promise<T> {
    return asStoreError(async () => {
      const client = await this.pool.connect();
      let broken: Error | undefined;
      try {
        await client.query('begin transaction isolation level repeatable read');
        const done = await work(async ({ text, values }) => (await client.query(text, values)).rows);
        await client.query('commit');
        return done;
      } catch (error) {
        // Its transaction is open, or its connection gone: nothing to keep.
        broken = error as Error;
        throw error;
      } finally {
        this.pool.release(client, broken);
      }
    });
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.pool.close();
  }
}

async function asStoreError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error);
  }
}
