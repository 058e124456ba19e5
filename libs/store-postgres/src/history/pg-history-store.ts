import type { CountedEnds, HistoryKept, HistoryStore } from '@lovage/ports';
import type { Database, RunStatement } from '../database.ts';
import {
  ADD_SERIES,
  COUNT_SERIES,
  countNext,
  FIND_SERIES,
  type HistoryTable,
  MOVE_CURSOR,
  READ_FAILED,
  readCounts,
  TAKE_CURSOR,
  TAKE_DELETED,
  writeCounts,
} from './count-sql.ts';
import {
  addRow,
  DAY_MS,
  countsOf,
  HOUR_MS,
  MINUTE_MS,
  toArray,
  type CountsRow,
  type EndsOfBuckets,
  type Series,
} from './counts.ts';
import { EndHorizon } from './end-horizon.ts';
import { countFailed } from './failed-tasks.ts';
import type { FailedTask } from './failure-groups.ts';
import { pruneHistory } from './prune.ts';

/** Series, at most: contracts × queues × states. Ends of further ones are counted by state alone. */
const MAX_SERIES = 5_000;
/** Failed tasks whose errors are read at once. */
const FAILED_AT_ONCE = 500;
/** Ends that were deleted before they were counted, of one batch: they bring their errors along. */
const DELETED_AT_ONCE = 500;

interface Position {
  readonly finished_at: string;
  readonly task_id: string;
}

interface Batch {
  readonly seen: number;
  readonly first: string | null;
  readonly counts: readonly EndsOfBuckets[];
}

/** The history on Postgres: each batch is one transaction, which moves the cursor as well. */
export class PgHistoryStore implements HistoryStore {
  private readonly horizon: EndHorizon;

  constructor(private readonly database: Pick<Database, 'run' | 'transaction'>) {
    this.horizon = new EndHorizon(database);
  }

  async count(limit: number): Promise<CountedEnds> {
    const horizon = await this.horizon.advance();
    if (horizon === undefined) return { tasks: 0, more: false };
    return this.database.transaction(async (run) => {
      const [cursor] = await run<Position>(TAKE_CURSOR, []);
      if (!cursor) return { tasks: 0, more: false };
      const deleted = await countDeleted(run);
      const [batch] = await run<Batch & Position & { failed: string[] }>(countNext(limit), [
        cursor.finished_at,
        cursor.task_id,
        horizon,
      ]);
      const { seen, first, counts, failed } = batch!;
      await writeAll(run, counts);
      for (let i = 0; i < failed.length; i += FAILED_AT_ONCE)
        await countFailed(
          run,
          await run<FailedTask & Record<string, unknown>>(READ_FAILED, [failed.slice(i, i + FAILED_AT_ONCE)]),
        );
      const at = seen > 0 ? batch! : cursor;
      // A full batch ends between two tasks; all before the time of its last are counted.
      const countedTo = seen < limit ? horizon : Date.parse(at.finished_at);
      const firsts = [first, deleted.first].filter((time) => time !== null).map((time) => Date.parse(time));
      const from = firsts.length > 0 ? new Date(Math.min(...firsts)).toISOString() : null;
      await run(MOVE_CURSOR, [at.finished_at, at.task_id, from, countedTo]);
      return { tasks: seen + deleted.seen, more: seen === limit || deleted.seen === DELETED_AT_ONCE };
    });
  }

  prune(kept: HistoryKept, limit: number): Promise<boolean> {
    return pruneHistory(this.database, kept, limit);
  }
}

async function countDeleted(run: RunStatement): Promise<Batch> {
  const [batch] = await run<Batch & { failed: FailedTask[] }>(TAKE_DELETED, [DELETED_AT_ONCE]);
  await writeAll(run, batch!.counts);
  await countFailed(run, batch!.failed);
  return batch!;
}

async function writeAll(run: RunStatement, ends: readonly EndsOfBuckets[]): Promise<void> {
  if (ends.length === 0) return;
  const seriesOf = await seriesIds(run, ends);
  await write(run, 'history_minutes', ends, seriesOf, MINUTE_MS);
  await write(run, 'history_hours', ends, seriesOf, HOUR_MS);
  await write(run, 'history_days', ends, seriesOf, DAY_MS);
}

/** Adds counts to a table. The lock of the cursor is held, so nobody else writes between reading and writing. */
async function write(
  run: RunStatement,
  table: HistoryTable,
  ends: readonly EndsOfBuckets[],
  seriesOf: (of: Series) => number,
  lengthMs: number,
): Promise<void> {
  const all = countsOf(ends, seriesOf, lengthMs);
  const byKey = new Map(all.map((counts) => [`${counts.at}.${counts.series}`, counts]));
  const keys = [all.map(({ at }) => at), all.map(({ series }) => series)];
  for (const row of await run<CountsRow & Record<string, unknown>>(readCounts(table), keys))
    addRow(byKey.get(`${row.at}.${row.series}`)!, row);
  await run(writeCounts(table), [
    ...keys,
    all.map(({ ended }) => ended),
    all.map(({ runMs }) => Math.round(runMs)),
    all.map(({ waitMs }) => Math.round(waitMs)),
    all.map(({ run: histogram }) => toArray(histogram)),
    all.map(({ wait }) => toArray(wait)),
  ]);
}

const keyOf = ({ name, queue, state }: Series): string => JSON.stringify([name, queue, state]);
const columns = (all: readonly Series[]): string[][] => [
  all.map(({ name }) => name),
  all.map(({ queue }) => queue),
  all.map(({ state }) => state),
];

/** Ids of the series of these ends; new ones are made while there are not too many. */
async function seriesIds(run: RunStatement, ends: readonly Series[]): Promise<(of: Series) => number> {
  type Row = Series & { id: number };
  const wanted = new Map(ends.map(({ name, queue, state }) => [keyOf({ name, queue, state }), { name, queue, state }]));
  const rows = await run<Row & Record<string, unknown>>(FIND_SERIES, columns([...wanted.values()]));
  const ids = new Map(rows.map((row) => [keyOf(row), row.id]));
  const missing = [...wanted].filter(([key]) => !ids.has(key)).map(([, series]) => series);
  if (missing.length > 0) {
    const [count] = await run<{ n: number }>(COUNT_SERIES, []);
    const added = missing.slice(0, Math.max(0, MAX_SERIES - count!.n));
    // The others of each state: contract and queue without a name.
    const others = missing.slice(added.length).map(({ state }) => ({ name: '', queue: '', state }));
    const all = new Map([...added, ...others].map((series) => [keyOf(series), series]));
    for (const row of await run<Row & Record<string, unknown>>(ADD_SERIES, columns([...all.values()])))
      ids.set(keyOf(row), row.id);
  }
  return ({ name, queue, state }) =>
    ids.get(keyOf({ name, queue, state })) ?? ids.get(keyOf({ name: '', queue: '', state }))!;
}
