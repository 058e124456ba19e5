import { isCanceled } from '@lovage/foundation';
import {
  systemClock,
  type Clock,
  type ClusterGauges,
  type FilteredCounts,
  type ListedTask,
  type TaskAttempt,
  type TaskStep,
  type TaskCounts,
  type TaskFilter,
  type TaskLists,
  type TaskPage,
  type TaskPosition,
  type TaskSort,
  type WholeCounts,
} from '@lovage/ports';
import { TASK_STATES, type TaskState } from '@lovage/task';
import { ENDED_COUNTS, LIVE_COUNTS, LIVE_ESTIMATE, MOST_COUNTED } from './counts-sql.ts';
import { DEAD_LETTERS, LIVE_BY_QUEUE, OUTBOX_LAG, WORKERS_ALIVE } from './gauges-sql.ts';
import { countsQuery, listQueries, readsInputs, windowOf } from './list-sql.ts';
import { withNames } from './names-sql.ts';
import { toListedTask, type RawListed } from './listed-row.ts';
import type { ReadingPool } from './reading-pool.ts';

type StateCount = { state: TaskState; n: number };

const ATTEMPTS = `
select a.outcome, w.name as worker, a.error, a.started_at, a.ended_at
from (select * from attempts where task_id = $1 order by ended_at desc limit 1000) a left join workers w on w.id = a.worker
order by a.ended_at, a.claim_no`;

const STEPS = 'select key, at from steps where task_id = $1 order by at, key';

/** No window begins later than this after its page was asked for, ms. With what one window may take, less than callers wait. */
const SEARCH_MS = 2_000;
/** Longest statement of a window that is not a page's first, ms. */
const WINDOW_MS = 1_000;
const WINDOW_TIMEOUT = `set local statement_timeout = ${WINDOW_MS}`;
/** A window that took less is followed by one of twice its tasks, ms; up to so many tasks. */
const QUICK_MS = 100;
const MAX_WINDOW = 16_000;

/** Questions about many tasks, on Postgres. */
export class PgTaskLists implements TaskLists {
  /**
   * @param searching for searches of a text, which take long: nobody else waits for them. @param options `searchMs`: how long
   * a page that is not full goes on from window to window, 2000; 0: one window for each page.
   */
  constructor(
    private readonly pool: ReadingPool,
    private readonly searching: ReadingPool,
    private readonly options: { readonly clock?: Clock | undefined; readonly searchMs?: number } = {},
  ) {}

  /** A page is full or the last, unless its time ends first: then it ends with a window, and says how far it has looked. */
  list(filter: TaskFilter, page: { limit: number; after?: TaskPosition; sort?: TaskSort }): Promise<TaskPage> {
    const { sort = 'newest' } = page;
    const { clock = systemClock, searchMs = SEARCH_MS } = this.options;
    // Waiting for a connection counts: where many search, each looks at less.
    const until = clock.monotonic() + searchMs;
    return (readsInputs(filter) ? this.searching : this.pool).together(async (run) => {
      const asked = await withNames(filter, run);
      const items: ListedTask[] = [];
      let { after } = page;
      for (let window = windowOf(filter), first = true; ; first = false) {
        const [began, before] = [clock.monotonic(), items.length];
        try {
          const queries = listQueries(asked, { limit: page.limit - items.length + 1, after, window, sort });
          items.push(...(await run<RawListed>(queries.page)).map(toListedTask));
          if (items.length > page.limit) return fullPage(items.slice(0, page.limit), sort);
          const [end] = await run<{ created_at: Date; id: string }>(queries.windowEnd);
          if (!end) return { items, next: null, searchedTo: null };
          after = { at: end.created_at.getTime(), id: end.id };
        } catch (error) {
          // The windows before are an answer; the next page begins with this one.
          if (first || !isCanceled(error)) throw error;
          return shortPage(items.slice(0, before), after!);
        }
        const now = clock.monotonic();
        if (now >= until) return shortPage(items, after);
        if (first) await run(plain(WINDOW_TIMEOUT));
        if (now - began < QUICK_MS) window = Math.min(MAX_WINDOW, window * 2);
      }
    });
  }

  counts(): Promise<TaskCounts> {
    return this.pool.together(async (run) => {
      const states = Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>;
      for (const { state, n } of await run<StateCount>({ text: ENDED_COUNTS, values: [] })) states[state] = n;
      const live = await run<StateCount>({ text: LIVE_COUNTS, values: [] });
      const counted = live.reduce((sum, { n }) => sum + n, 0);
      const approximate = counted >= MOST_COUNTED;
      const factor = approximate ? Math.max(1, (await this.estimateLive(run)) / counted) : 1;
      for (const { state, n } of live) states[state] = Math.round(n * factor);
      return { states, approximate };
    });
  }

  async countsOf(filter: TaskFilter): Promise<FilteredCounts> {
    const states = Object.fromEntries(TASK_STATES.map((state) => [state, 0])) as Record<TaskState, number>;
    const pool = readsInputs(filter) ? this.searching : this.pool;
    const query = countsQuery(await withNames(filter, (names) => pool.run(names)));
    const rows = await pool.run<{
      state: TaskState;
      n: number;
      looked: number;
      oldest: Date;
    }>(query);
    for (const { state, n } of rows) states[state] = n;
    const isFull = rows.reduce((sum, { looked }) => sum + looked, 0) === query.window;
    return { states, countedFrom: isFull ? Math.min(...rows.map(({ oldest }) => oldest.getTime())) : null };
  }

  /** Window by window, as a page is filled. */
  countAll(filter: TaskFilter, { timeMs }: { readonly timeMs: number }): Promise<WholeCounts> {
    const { clock = systemClock } = this.options;
    const until = clock.monotonic() + timeMs;
    return (readsInputs(filter) ? this.searching : this.pool).together(async (run) => {
      const asked = await withNames(filter, run);
      const states: Partial<Record<TaskState, number>> = {};
      let after: TaskPosition | undefined;
      for (let window = windowOf(filter); ;) {
        const began = clock.monotonic();
        const rows = await run<{ state: TaskState; n: number }>(countsQuery(asked, { after, window }));
        for (const { state, n } of rows) states[state] = (states[state] ?? 0) + n;
        const [end] = await run<{ created_at: Date; id: string }>(
          listQueries(asked, { limit: 1, after, window }).windowEnd,
        );
        if (!end) return { states, complete: true };
        after = { at: end.created_at.getTime(), id: end.id };
        const now = clock.monotonic();
        if (now >= until) return { states, complete: false };
        if (now - began < QUICK_MS) window = Math.min(MAX_WINDOW, window * 2);
      }
    });
  }

  gauges(): Promise<ClusterGauges> {
    return this.pool.together(async (run) => {
      const live = await run<{ queue: string; state: TaskState; n: number; oldest_seconds: number }>(
        plain(LIVE_BY_QUEUE),
      );
      const [late] = await run<{ due: number; lag_seconds: number }>(plain(OUTBOX_LAG));
      const deadLetters = await run<{ reason: string; n: number }>(plain(DEAD_LETTERS));
      const [workers] = await run<{ n: number }>(plain(WORKERS_ALIVE));
      return {
        live: live.map(({ queue, state, n, oldest_seconds }) => ({
          queue,
          state,
          tasks: n,
          oldestSeconds: oldest_seconds,
        })),
        outbox: { due: late!.due, lagSeconds: late!.lag_seconds },
        workers: workers!.n,
        deadLetters,
      };
    });
  }

  async attempts(id: string): Promise<TaskAttempt[]> {
    const rows = await this.pool.run<RawAttempt>({ text: ATTEMPTS, values: [id] });
    return rows.map(({ outcome, worker, error, started_at, ended_at }) => ({
      outcome,
      worker,
      error,
      startedAt: started_at?.getTime() ?? null,
      endedAt: ended_at.getTime(),
    }));
  }

  async steps(id: string): Promise<TaskStep[]> {
    const rows = await this.pool.run<{ key: string; at: Date }>({ text: STEPS, values: [id] });
    return rows.map(({ key, at }) => ({ key, at: at.getTime() }));
  }

  private async estimateLive(run: Parameters<Parameters<ReadingPool['together']>[0]>[0]): Promise<number> {
    const [row] = await run<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>({ text: LIVE_ESTIMATE, values: [] });
    return row!['QUERY PLAN'][0].Plan['Plan Rows'];
  }
}

interface RawAttempt {
  outcome: TaskAttempt['outcome'];
  worker: string | null;
  error: unknown;
  started_at: Date | null;
  ended_at: Date;
  [column: string]: unknown;
}

const plain = (text: string) => ({ text, values: [] });
const positionOf = ({ createdAt, finishedAt, id }: ListedTask, sort: TaskSort): TaskPosition => ({
  // What has not ended is in no list by ends.
  at: sort === 'ended' ? finishedAt! : createdAt,
  id,
});
const fullPage = (items: ListedTask[], sort: TaskSort): TaskPage => ({
  items,
  next: positionOf(items.at(-1)!, sort),
  searchedTo: null,
});
const shortPage = (items: ListedTask[], next: TaskPosition): TaskPage => ({ items, next, searchedTo: next.at });
