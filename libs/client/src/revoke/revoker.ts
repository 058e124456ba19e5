import { encodeResult } from '@lovage/celery';
import type {
  Broker,
  Clock,
  RevokedBy,
  RevokedReply,
  RevokedTask,
  RevokeOutcome,
  TaskFilter,
  TaskLists,
  TaskPosition,
  TaskStore,
} from '@lovage/ports';
import { isTerminal, TASK_STATES } from '@lovage/task';
import type { WatchList } from '../wait/watch-list.ts';

/** Who cancels tasks, and which of them. */
export interface RevokeOptions {
  /** Kept with the task: a user's id, or whatever the caller calls itself. */
  readonly actor?: string;
  /** Kept with the task, and told to callers that wait for it. */
  readonly reason?: string;
  /** @deprecated Use `actor`. Read until the next release. */
  readonly who?: string;
  /** @deprecated Use `reason`. Read until the next release. */
  readonly why?: string;
  /** Also tasks that run: their signal is aborted. Default true; false leaves them alone. */
  readonly terminate?: boolean;
}

export interface RevokeManyOptions extends RevokeOptions {
  /** Most tasks that are revoked, or get a cancel request, by one call. Default 10000; the report tells how to go on. */
  readonly limit?: number;
  /** Goes on where an earlier report ended: its `next`. */
  readonly after?: TaskPosition;
  /** Ends the call after this time with what is done by then, ms. Default: none. */
  readonly timeLimitMs?: number;
}

/** What became of many tasks. */
export interface RevokeReport {
  /** They waited: they have ended REVOKED. */
  readonly revoked: number;
  /** They run and got a cancel request: their workers end them. */
  readonly cancelRequested: number;
  /** They run, and were left alone. */
  readonly running: number;
  /** They had ended. */
  readonly ended: number;
  readonly unknown: number;
  /** Of a filter: there may be more, from here on; null: all is done. */
  readonly next: TaskPosition | null;
}

export interface RevokerDeps {
  readonly tasks: Pick<TaskStore, 'revokeMany'>;
  /** Needed for filters. */
  readonly lists: Pick<TaskLists, 'list'> | undefined;
  readonly broker: Pick<Broker, 'reply'>;
  readonly watches: Pick<WatchList, 'check'>;
  readonly clock: Clock;
}

/** Tasks of one statement. */
const MAX_BATCH = 500;
const LIMIT = 10_000;

const LIVE_STATES = TASK_STATES.filter((state) => !isTerminal(state));

/** Cancels tasks: in the rows, and then for those who wait, since no worker answers for a task that it never had. */
export class Revoker {
  constructor(private readonly deps: RevokerDeps) {}

  /** One task. @throws StoreUnavailableError */
  async one(id: string, options: RevokeOptions): Promise<RevokeOutcome> {
    const [task] = await this.batch([id], byOf(options));
    return task!.outcome;
  }

  /** These tasks. What is done is done if a later batch fails; to repeat the call does no harm. @throws StoreUnavailableError */
  async many(ids: readonly string[], options: RevokeOptions): Promise<RevokeReport> {
    const [counts, by] = [noCounts(), byOf(options)];
    const distinct = [...new Set(ids)];
    for (let i = 0; i < distinct.length; i += MAX_BATCH)
      count(counts, await this.batch(distinct.slice(i, i + MAX_BATCH), by), by);
    return { ...counts, next: null };
  }

  /** Live tasks that match, the newest first, in batches. @throws StoreUnavailableError */
  async matching(filter: TaskFilter, options: RevokeManyOptions): Promise<RevokeReport> {
    const { lists, clock } = this.deps;
    if (!lists) throw new TypeError('this client was made without lists: it revokes by id alone');
    const { limit = LIMIT, timeLimitMs = Infinity } = options;
    const until = clock.monotonic() + timeLimitMs;
    const states = filter.states?.filter((state) => !isTerminal(state)) ?? LIVE_STATES;
    const [counts, by] = [noCounts(), byOf(options)];
    if (states.length === 0) return { ...counts, next: null };
    let after = options.after;
    for (;;) {
      const room = limit - counts.revoked - counts.cancelRequested;
      const page = await lists.list({ ...filter, states }, { limit: Math.min(MAX_BATCH, room), after });
      const ids = page.items.map(({ id }) => id);
      count(counts, await this.batch(ids, by), by);
      if (!page.next || counts.revoked + counts.cancelRequested >= limit || clock.monotonic() >= until)
        return { ...counts, next: page.next };
      after = page.next;
    }
  }

  private async batch(ids: readonly string[], by: RevokedBy): Promise<RevokedTask[]> {
    const tasks = await this.deps.tasks.revokeMany(ids, by);
    for (const task of tasks) this.settle(task);
    return tasks;
  }

  /** Tells those who wait what became of a task that was cancelled. */
  settle({ id, outcome, reply }: RevokedTask): void {
    if (reply) this.tell(reply);
    if (outcome.kind !== 'unknown') this.deps.watches.check(id);
  }

  private tell({ address, correlationId, taskId, error }: RevokedReply): void {
    this.deps.broker.reply(address, { correlationId, body: encodeResult({ taskId, state: 'REVOKED', error }) });
  }
}

type Counts = { -readonly [K in Exclude<keyof RevokeReport, 'next'>]: number };

const noCounts = (): Counts => ({ revoked: 0, cancelRequested: 0, running: 0, ended: 0, unknown: 0 });

function count(counts: Counts, tasks: readonly RevokedTask[], by: RevokedBy): void {
  for (const { outcome } of tasks) {
    if (outcome.kind === 'terminal') counts.ended += 1;
    else if (outcome.kind === 'running' && !by.waitingOnly) counts.cancelRequested += 1;
    else counts[outcome.kind] += 1;
  }
}

const byOf = ({ who, why, actor = who, reason = why, terminate = true }: RevokeOptions): RevokedBy => ({
  actor: actor ?? null,
  reason: reason ?? null,
  waitingOnly: !terminate,
});
