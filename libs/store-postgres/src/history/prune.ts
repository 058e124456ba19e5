import type { HistoryKept } from '@lovage/ports';
import type { Database, Statement } from '../database.ts';

/** Rows by the time that they tell of, the oldest first. The limit stands in the text, as retention's. $1 ms */
const pruneCounts = (table: string, limit: number): Statement => ({
  name: `history-prune-${table}-${limit}`,
  text: `
with old as (select h.ctid from ${table} h where h.at < now() - $1::float8 * interval '1 ms' order by h.at limit ${Math.trunc(limit)} for update skip locked),
gone as (delete from ${table} h using old where h.ctid = old.ctid returning 1)
select count(*)::int as n from gone`,
});

/** Groups that nobody has seen for so long: their places are free then. $1 ms */
const PRUNE_GROUPS = {
  name: 'history-prune-groups',
  text: `delete from failure_groups where last_seen_at < now() - $1::float8 * interval '1 ms'`,
};

/** From when on all minutes are there. $1 ms */
const NOTE_PRUNED = {
  name: 'history-note-pruned',
  text: `
update history_cursor set minutes_from = date_trunc('hour', now() - $1::float8 * interval '1 ms') + interval '1 hour'
where coalesce(counted_from, now()) < now() - $1::float8 * interval '1 ms'`,
};

/** Deletes what is kept no longer, a bounded number of rows. Resolves to whether there may be more. */
export async function pruneHistory(
  database: Pick<Database, 'run'>,
  { minutesMs, hoursMs }: HistoryKept,
  limit: number,
): Promise<boolean> {
  // Told before it is done: readers take the hours meanwhile.
  await database.run(NOTE_PRUNED, [minutesMs]);
  await database.run(PRUNE_GROUPS, [minutesMs]);
  let more = false;
  for (const [table, keptMs] of [
    ['history_minutes', minutesMs],
    ['failure_minutes', minutesMs],
    ['history_hours', hoursMs],
    ['history_days', hoursMs],
  ] as const) {
    const [row] = await database.run<{ n: number }>(pruneCounts(table, limit), [keptMs]);
    more ||= row!.n === limit;
  }
  return more;
}
