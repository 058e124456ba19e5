import { encodeMeta } from '@lovage/celery';
import { hasCode, Signal, type Service } from '@lovage/foundation';
import {
  systemClock,
  Ticker,
  type CeleryBackend,
  type CeleryStore,
  type Clock,
  type EndedRow,
  type Log,
  type TaskCanvas,
  type TaskStore,
} from '@lovage/ports';

export interface ResultBackfillOptions {
  readonly backend: Pick<CeleryBackend, 'isUp' | 'withoutEnd' | 'withoutPart' | 'store'>;
  readonly rows: Pick<CeleryStore, 'ended' | 'ends' | 'canvasEnds' | 'passed'>;
  /** Follows ends that no worker has followed. */
  readonly canvas: TaskCanvas;
  readonly tasks: Pick<TaskStore, 'insertFirstMany'>;
  /** Ends that are older have no reader any more, ms: how long the backend keeps results. Default one day. */
  readonly maxAgeMs?: number | undefined;
  readonly log: Log;
  readonly clock?: Clock;
  /** Between two looks, ms. Default 1000. */
  readonly everyMs?: number;
}

/** What one look has found. */
export interface Backfilled {
  /** Ended tasks that were looked after. */
  readonly tasks: number;
  /** Of them those whose result was missing, and has been written. */
  readonly written: number;
  /** Of them those that were followed: counted in chords, told to what comes after. */
  readonly followed: number;
}

const DAY_MS = 86_400_000;
/** Ends of one look. */
const LIMIT = 1000;
/** Results of one statement: each may be large. */
const AT_ONCE = 50;

/** Failures that no worker has recorded, so nobody has called their errbacks. */
const OF_NO_WORKER: ReadonlySet<string | undefined> = new Set([
  ...['MessageGivenUp', 'MessageMalformed', 'NotRegistered', 'ResultNotStorable'],
]);

/**
 * Sees to it that Celery's result backend has the end of each task: workers write ends there beside the record, but may die in between, the
 * backend may have been away, and what expires or is revoked while it waits ends without a worker. Behind a cursor over the ends, each is looked
 * for there, and written from its row where it is missing. While the backend is away the cursor stands still. Any number of beats may do so.
 */
export class ResultBackfill implements Service {
  /** For tests. */
  readonly looked = new Signal<Backfilled>();
  private readonly ticker: Ticker;

  constructor(private readonly options: ResultBackfillOptions) {
    const { log, clock = systemClock, everyMs = 1000 } = options;
    this.ticker = new Ticker({
      ...{ everyMs, clock, log, run: () => this.runOnce() },
      failure: "results cannot be written to Celery's result backend now; tried again",
    });
  }

  start(): Promise<void> {
    return this.ticker.start();
  }

  stop(): Promise<void> {
    return this.ticker.stop();
  }

  /** One look, now. Resolves to whether there is more. @throws StoreUnavailableError CeleryBackendError */
  async runOnce(): Promise<boolean> {
    const { backend, rows, maxAgeMs = DAY_MS } = this.options;
    if (!backend.isUp) return false;
    const ended = await rows.ended(LIMIT, maxAgeMs);
    if (!ended) return false;
    const written = await this.write(ended.tasks.filter(({ result }) => result));
    const followed = await this.follow(ended.tasks.filter(({ canvas }) => canvas));
    await rows.passed(ended);
    this.looked.emit({ tasks: ended.tasks.length, written, followed });
    return ended.more;
  }

  private async write(tasks: readonly EndedRow[]): Promise<number> {
    const { backend, rows, log } = this.options;
    const missing = new Set(await backend.withoutEnd(tasks.map(({ wireId }) => wireId)));
    const ids = tasks.filter(({ wireId }) => missing.has(wireId)).map(({ id }) => id);
    for (let i = 0; i < ids.length; i += AT_ONCE) {
      const ends = await rows.ends(ids.slice(i, i + AT_ONCE));
      await backend.store(
        ends.map(({ wireId: taskId, state, result: resultJson, ...rest }) => ({
          taskId,
          ...encodeMeta({ taskId, state, resultJson, ...rest }),
        })),
      );
    }
    if (ids.length > 0) log.info({ results: ids.length }, "results that Celery's result backend had not were written");
    return ids.length;
  }

  /** What a worker has followed before is left as it is. */
  private async follow(tasks: readonly EndedRow[]): Promise<number> {
    const { backend, rows, canvas, tasks: store, log } = this.options;
    // Of a task that has succeeded only its own part may be missing.
    const open = new Set(await backend.withoutPart(tasks.map(({ wireId }) => wireId)));
    const ids = tasks.filter(({ wireId }) => open.has(wireId)).map(({ id }) => id);
    let followed = 0;
    for (let i = 0; i < ids.length; i += AT_ONCE)
      for (const { owner, end } of await rows.canvasEnds(ids.slice(i, i + AT_ONCE)))
        try {
          await canvas.ended(owner, end, { repeated: true });
          if (OF_NO_WORKER.has(end.error?.type)) {
            const next = await canvas.follow(owner, end);
            const more = next.kind === 'followed' ? (next.followUps.tasks ?? []) : [];
            if (more.length > 0) await store.insertFirstMany(more);
          }
          followed += 1;
        } catch (error) {
          // The backend or Postgres is away: all of it again. Anything else is a fault of this one.
          if (hasCode(error, 'celery_backend_unavailable') || hasCode(error, 'store_unavailable')) throw error;
          log.error({ err: error, task: owner.id }, 'the end of a task cannot be followed');
        }
    return followed;
  }
}
