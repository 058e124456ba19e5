import type { IncomingResult } from '@lovage/celery';
import { RecyclingMap } from '@lovage/foundation';
import { StoreUnavailableError, type Clock, type Log, type TaskRow, type TaskStore } from '@lovage/ports';
import { ClientStoppedError } from '../errors.ts';
import { RowPoll } from './row-poll.ts';
import { outcomeOfReply, outcomeOfRow, type TaskOutcome } from './outcome.ts';
import { Watch, type WatchOptions } from './watch.ts';

export interface WatchListOptions {
  readonly tasks: Pick<TaskStore, 'getMany' | 'finished'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Ids of one query. */
const READ_AT_ONCE = 500;

/**
 * All callers in this process that wait for a task. Replies notify them; where a reply got lost a poll of the rows finds the end,
 * all waiting ids in one query.
 */
export class WatchList {
  private readonly byId = new RecyclingMap<string, Watch[]>();
  private readonly poll: RowPoll;
  private stopped = false;

  constructor(private readonly options: WatchListOptions) {
    this.poll = new RowPoll(options.clock, (due) => void this.read(due));
  }

  /** Tasks watched. */
  get size(): number {
    return this.byId.size;
  }

  /** @throws ClientStoppedError */
  add(id: string, options: WatchOptions): Watch {
    if (this.stopped) throw new ClientStoppedError();
    const watch = new Watch(id, options);
    const others = this.byId.get(id);
    if (others) others.push(watch);
    else this.byId.set(id, [watch]);
    this.poll.add(watch);
    return watch;
  }

  remove(watch: Watch): void {
    if (watch.ended) return;
    watch.ended = true;
    this.poll.remove(watch);
    const watches = this.byId.get(watch.id);
    if (!watches) return;
    if (watches.length === 1) this.byId.delete(watch.id);
    else watches.splice(watches.indexOf(watch), 1);
  }

  /** A reply has come. Most are for nobody any more, or for one. */
  notify(id: string, reply: IncomingResult): void {
    const watches = this.byId.get(id);
    if (!watches) return;
    if (reply.state === 'PROGRESS') for (const watch of [...watches]) watch.options.onProgress?.(reply.result, 'reply');
    const outcome = outcomeOfReply(reply);
    if (outcome) this.end(id, outcome, undefined);
  }

  /** Reads the row of a task now, for what is known to have changed here. */
  check(id: string): void {
    const watches = this.byId.get(id)?.filter((watch) => !watch.reading);
    if (!watches || watches.length === 0) return;
    for (const watch of watches) this.poll.remove(watch);
    void this.read(watches);
  }

  stop(): void {
    this.stopped = true;
    this.poll.stop();
    const all = [...this.byId.values()].flat();
    this.byId.clear();
    for (const watch of all) {
      watch.ended = true;
      watch.options.onStop();
    }
  }

  private end(id: string, outcome: TaskOutcome, row: TaskRow | undefined): void {
    const watches = this.byId.get(id);
    if (!watches) return;
    this.byId.delete(id);
    for (const watch of watches) {
      watch.ended = true;
      this.poll.remove(watch);
    }
    for (const watch of watches) watch.options.onOutcome(outcome, row);
  }

  private async read(due: Watch[]): Promise<void> {
    for (const watch of due) watch.reading = true;
    try {
      const ids = idsOf(due);
      for (let i = 0; i < ids.length; i += READ_AT_ONCE)
        for (const row of await this.options.tasks.finished(ids.slice(i, i + READ_AT_ONCE)))
          this.end(row.id, outcomeOfRow(row)!, row);
      const asking = due.filter(({ ended, options }) => !ended && (options.onProgress || options.onUnknown));
      for (let i = 0; i < asking.length; i += READ_AT_ONCE) {
        const some = asking.slice(i, i + READ_AT_ONCE);
        const rows = await this.options.tasks.getMany(idsOf(some));
        const byId = new Map(rows.map((row) => [row.id, row]));
        for (const watch of some) this.tell(watch, byId.get(watch.id));
      }
    } catch (error) {
      if (error instanceof StoreUnavailableError)
        this.options.log.debug({ err: error }, 'Postgres is away; callers that wait for a task wait on');
      else
        this.options.log.error({ err: error, tasks: due.length }, 'waiting tasks could not be looked up; tried again');
    }
    for (const watch of due) {
      watch.reading = false;
      if (watch.ended) continue;
      watch.step += 1;
      this.poll.add(watch);
    }
  }

  /** What its row says of a task that had not ended a moment ago. */
  private tell(watch: Watch, row: TaskRow | undefined): void {
    if (watch.ended) return;
    if (!row) {
      if (!watch.options.onUnknown) return;
      this.remove(watch);
      watch.options.onUnknown();
      return;
    }
    const outcome = outcomeOfRow(row);
    if (outcome) this.end(watch.id, outcome, row);
    else if (row.progress !== null) watch.options.onProgress?.(row.progress, 'row');
  }
}

/** Of the tasks that are watched, each once. */
const idsOf = (watches: readonly Watch[]): string[] => [...new Set(watches.map(({ id }) => id))];
