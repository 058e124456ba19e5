import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { WorkerId, WorkerInfo, WorkerLease } from '@lovage/ports';

/** Longer than any test. */
const LEASE = '1 hour';

/**
 * A worker's lease as the database knows it: its row and its session's lock, both until `stop`. For tests whose subject is not the
 * lease: nothing renews it, so it needs no thread, which takes a tenth of a second to start.
 */
export class TestLease implements WorkerLease {
  readonly id: WorkerId = randomUUID();
  private readonly client: pg.Client;
  private holding = false;

  constructor(
    url: string,
    private readonly info: WorkerInfo,
  ) {
    this.client = new pg.Client({ connectionString: url });
    this.client.on('error', () => (this.holding = false));
  }

  get held(): boolean {
    return this.holding;
  }

  async start(): Promise<void> {
    const { name, serves, ...rest } = this.info;
    await this.client.connect();
    await this.client.query('select pg_advisory_lock(hashtextextended($1::text, 0))', [this.id]);
    await this.client.query(
      `insert into workers (id, name, lease_until, info, serves, seen_at, stopping)
       values ($1, $2, now() + interval '${LEASE}', $3, $4, now(), false)`,
      [this.id, name, JSON.stringify(rest), serves ? JSON.stringify(serves) : null],
    );
    this.holding = true;
  }

  closing(): void {
    void this.client.query('update workers set stopping = true where id = $1', [this.id]).catch(() => undefined);
  }

  async stop(): Promise<void> {
    if (this.holding) await this.client.query('delete from workers where id = $1', [this.id]).catch(() => undefined);
    this.holding = false;
    await this.client.end().catch(() => undefined);
  }
}
