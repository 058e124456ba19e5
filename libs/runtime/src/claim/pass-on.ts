import { BatchQueue, errorFacts, hasCode, toError } from '@lovage/foundation';
import type { Clock, Log, PassedOn, PassOnItem, PassOnLimits, TaskStore } from '@lovage/ports';
import { isTerminal } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import { misfitDocument, type Misfit } from '../record/held-inputs.ts';
import type { HeldTasks } from '../intake/held-tasks.ts';
import type { Replies } from '../record/replies.ts';
import { NotRegistered } from '../run/abort-reasons.ts';
import type { Outcome } from '../run/outcome.ts';
import type { StoreRetry } from '../store-retry.ts';
import type { PassOnOrder } from './pass-on-order.ts';

export interface PassOnDeps {
  /** Of the worker. */
  readonly name: string;
  readonly tasks: Pick<TaskStore, 'passOn' | 'recordFinal' | 'get'>;
  readonly retry: StoreRetry;
  readonly replies: Pick<Replies, 'repeated'>;
  readonly held: HeldTasks;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PassOnLimits;
  /** The row of an unclaimed task says no: find out why. */
  onRefused(entries: TaskEntry[]): void;
  /** The claim is no longer ours, or the task was cancelled. */
  onClaimRefused(entry: TaskEntry): void;
  /** A claimed task that nobody else can run ends here. */
  onEnded(entry: TaskEntry, outcome: Outcome): void;
  /** Postgres cannot keep it: no row will ever be made. */
  onUnstorable(entry: TaskEntry, error: Error): void;
  /** It is on its way, and has left this worker. */
  onPassed(entry: TaskEntry): void;
  /** Nobody serves these, none is claimed, and their inputs fit nowhere: holds their messages. The answer: those that shall wait for a worker. */
  readonly hold: ((misfits: readonly Misfit[]) => Promise<TaskEntry[]>) | undefined;
}

interface Passing {
  readonly entry: TaskEntry;
  readonly order: PassOnOrder;
}

/** Between two lines of the log about the same contract, ms. */
const TELL_EVERY_MS = 60_000;
/** Contracts of which it is known when they were told of last: names are foreign. */
const MOST_TOLD = 1000;

/**
 * Passes tasks on that this worker cannot run: the outbox sends each again after a growing pause, so that another worker may get it.
 * No attempt is counted. The statement looks who serves what: the pause is short while a live worker serves the task, and
 * ends at once when one comes. A task that waits for longer than {@link PassOnLimits} say ends, its message as a dead letter.
 */
export class PassOn {
  private readonly queue: BatchQueue<Passing>;
  /** When a contract was told of last, by the monotonic clock. */
  private readonly told = new Map<string, number>();

  constructor(private readonly deps: PassOnDeps) {
    this.queue = new BatchQueue({ flush: (batch) => this.flush(batch) });
  }

  /** Takes a task out of this worker's hands, claimed or not; its slot must be free already. */
  add(entry: TaskEntry, order: PassOnOrder): void {
    this.queue.push({ entry, order });
  }

  /** Resolves once everything added so far is passed on. */
  idle(): Promise<void> {
    return this.queue.idle();
  }

  private async flush(batch: readonly Passing[]): Promise<void> {
    const { retry, tasks, limits, held, log } = this.deps;
    try {
      const answers = await retry.until(() => tasks.passOn(batch.map(toItem), limits));
      await this.settle(batch, new Map(answers.map((answer) => [answer.id, answer])));
    } catch (error) {
      if (hasCode(error, 'value_refused')) return this.alone(batch, toError(error));
      log.error({ err: error, tasks: batch.length }, 'tasks could not be passed on; their messages go back');
      for (const { entry } of batch) held.handBack(entry);
    }
  }

  /** A value that Postgres refuses costs its own task only. */
  private async alone(batch: readonly Passing[], error: Error): Promise<void> {
    if (batch.length === 1) return this.deps.onUnstorable(batch[0]!.entry, error);
    for (const one of batch) await this.flush([one]);
  }

  private async settle(batch: readonly Passing[], answers: ReadonlyMap<string, PassedOn>): Promise<void> {
    const refused: TaskEntry[] = [];
    const misfits: Misfit[] = [];
    for (const passing of batch) {
      const { entry, order } = passing;
      const answer = answers.get(entry.id);
      if (answer?.over && order.misfit && this.deps.hold) misfits.push({ entry, order, error: order.misfit });
      else if (answer?.over) await this.end(passing);
      else if (answer) this.passed(passing, answer);
      else if (entry.claimed) this.deps.onClaimRefused(entry);
      else refused.push(entry);
    }
    if (refused.length > 0) this.deps.onRefused(refused);
    if (misfits.length === 0) return;
    for (const entry of await this.deps.hold!(misfits)) this.add(entry, { ...entry.passOn!, waits: true });
  }

  private passed({ entry, order }: Passing, { unserved }: PassedOn): void {
    entry.ack();
    this.deps.held.letGo(entry);
    this.tell(entry, order, unserved);
    this.deps.onPassed(entry);
  }

  /** It has waited for as long as it may: the row ends, whoever waits is told, the message goes to the dead letters. */
  private async end({ entry, order }: Passing): Promise<void> {
    const outcome: Outcome = {
      kind: 'failed',
      error: order.misfit ? misfitDocument(order.misfit) : errorFacts(new NotRegistered(entry.task.name)),
    };
    if (entry.claimed) return this.deps.onEnded(entry, outcome);
    const { tasks, retry, replies, held, clock, log, name: worker } = this.deps;
    const { task, facts, retries } = entry;
    const error = JSON.stringify(outcome.error);
    const startedAt = clock.now();
    const item = { task: facts, state: 'FAILURE', retries, worker, result: null, error, startedAt } as const;
    await retry.until(() => tasks.recordFinal([item]));
    const row = await retry.until(() => tasks.get(entry.id));
    log.error(
      { task: entry.id, contract: task.name, queue: facts.queue },
      'no live worker has served this task for as long as it may wait: its message goes to the dead letters',
    );
    if (row && isTerminal(row.state)) replies.repeated(entry, row);
    entry.nack(false);
    held.letGo(entry);
  }

  /** Once a minute for a contract: it may be thousands of tasks. */
  private tell({ id, task, facts }: TaskEntry, { reason, need }: PassOnOrder, unserved: boolean): void {
    const key = `${task.name} ${reason} ${unserved}`;
    const now = this.deps.clock.monotonic();
    const last = this.told.get(key);
    if (last !== undefined && now - last < TELL_EVERY_MS) return;
    if (this.told.size >= MOST_TOLD) this.told.clear();
    this.told.set(key, now);
    const fields = { task: id, contract: task.name, queue: facts.queue, reason, ...need };
    if (unserved)
      this.deps.log.warn(fields, 'no live worker serves this contract in this queue: its tasks wait until one does');
    else
      this.deps.log.info(fields, 'this worker does not serve the contract: its tasks are passed on to those that do');
  }
}

function toItem({ entry, order: { reason, need = {}, waits = true } }: Passing): PassOnItem {
  const { facts, task, claimed, worker, claimNo, limits } = entry;
  return {
    task: facts,
    turn: task.turn,
    hadRow: task.hasRow,
    claim: claimed ? { worker: worker!, no: claimNo } : undefined,
    limitKey: limits?.concurrency?.key,
    reason,
    need,
    waits,
    rowless: task.rowless,
  };
}
