import type { Database } from '../database.ts';

/** A transaction that has been open for so long without writing tasks is not waited for, ms: a dump, or somebody's session. */
const IDLE_MS = 5 * 60_000;
/** Nor one that has written tasks and stays open for so long, ms. */
const WRITING_MS = 60 * 60_000;
/** What lies between the moment that a transaction takes for its time and the one that it can be seen, at most, ms. */
const SETTLE_MS = 2_000;

/**
 * All transactions of this database that are open; `now` is a moment before they were looked for. A transaction holds the lock of its
 * own id; what a session holds beyond transactions, such as the lock of a broker's consumer, has none.
 */
const OPEN = {
  name: 'history-open-transactions',
  text: `
with here as (select oid from pg_database where datname = current_database()),
open as (
  select l.virtualtransaction as id,
    bool_or(l.locktype = 'relation' and l.mode = 'RowExclusiveLock' and l.database = here.oid and l.relation = 'tasks'::regclass) as writes
  from pg_locks l join pg_stat_activity a on a.pid = l.pid join here on a.datid = here.oid
  where l.pid <> pg_backend_pid() group by 1 having bool_or(l.locktype = 'virtualxid'))
select (extract(epoch from now()) * 1000)::float8 as now,
  (select coalesce(json_object_agg(id, writes), '{}') from open) as open`,
};

interface Fence {
  readonly at: number;
  readonly waits: ReadonlySet<string>;
}

/**
 * Up to which moment all ends are committed. An end bears the time at which its transaction began, and may be committed later than
 * ends that bear later ones: so a moment is passed once all transactions that were open then are over. They are told by their
 * locks, which any role may read.
 */
export class EndHorizon {
  private fence: Fence | undefined;
  private passed: number | undefined;
  /** When each open transaction was first seen, by the server's clock. */
  private seen = new Map<string, number>();

  constructor(private readonly database: Pick<Database, 'run'>) {}

  /** ms since the epoch by the server's clock; undefined at first. @throws StoreUnavailableError */
  async advance(): Promise<number | undefined> {
    const [row] = await this.database.run<{ now: number; open: Record<string, boolean> }>(OPEN, []);
    const { now, open } = row!;
    this.seen = new Map(Object.keys(open).map((id) => [id, this.seen.get(id) ?? now]));
    const waits = new Set(
      Object.entries(open)
        .filter(([id, writes]) => now - this.seen.get(id)! < (writes ? WRITING_MS : IDLE_MS))
        .map(([id]) => id),
    );
    const { fence } = this;
    if (fence === undefined || [...fence.waits].every((id) => !waits.has(id))) {
      if (fence) this.passed = fence.at;
      this.fence = { at: now - SETTLE_MS, waits };
    }
    return this.passed;
  }
}
