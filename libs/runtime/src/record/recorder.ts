import { fieldOf, hasCode, isolate, textOf } from '@lovage/foundation';
import type { EndedOurs, FreeingEnds, Log, ClaimState, TaskStore } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import { RELEASED } from '../run/outcome.ts';
import type { StoreRetry } from '../store-retry.ts';
import {
  inParts,
  isOver,
  isPostponed,
  isRequeue,
  toFinalItem,
  toPostponeItem,
  toRecordItem,
  toUnclaimedPostpone,
  withoutValue,
  type Ended,
  type Over,
  type Postponed,
  type SettledRecord,
} from './ended.ts';
import type { HandOver, Written } from './hand-over.ts';

/** A statement that fails though Postgres is there is tried so many times, with pauses, before its items are tried one by one. */
const TRIES = 3;
/** Before an end that cannot be written, for no fault of its own, is tried again: the first and the longest pause, ms. */
const HOLD_MS = 1000;
const LONGEST_HOLD_MS = 60_000;

export interface RecorderDeps {
  /** Of the worker. */
  readonly name: string;
  readonly tasks: Pick<TaskStore, 'record' | 'recordFinal' | 'postpone' | 'postponeUnclaimed' | 'claimStates'>;
  readonly retry: StoreRetry;
  /** Gives the slots of limits that come free to those that wait for them; without it the relay sends those. */
  readonly handOver?: Pick<HandOver, 'writing'> | undefined;
  readonly log: Log;
}

/** What came of the record of an attempt's end. */
export type RecordOutcome =
  | SettledRecord
  /**
   * The row shows no claim at all: a crash of Postgres undid ours, or the sweep took us for dead and nobody has come since.
   * What happened is still true: it is to be claimed again, then recorded again.
   */
  | ({ readonly kind: 'vanished' } & Ended)
  /** It cannot be written now, for no fault of its own: {@link Recorder.writeOn}. */
  | { readonly kind: 'unwritten'; readonly ended: Ended; readonly error: unknown }
  /** In the same transaction this task was claimed, with the slot of a limit that has come free: it is to be run. */
  | { readonly kind: 'handed_over'; readonly entry: TaskEntry };

type Write = (part: readonly Ended[]) => Promise<readonly RecordOutcome[]>;

/**
 * The record stage: writes how attempts ended, many in one commit. While Postgres is away it waits; the messages stay unacked
 * meanwhile, which bounds them.
 *
 * What cannot be written together is written one by one. An end that cannot be written because of its value is replaced by a
 * FAILURE `ResultNotStorable`; one that cannot be written for another reason is held, and tried again after growing pauses:
 * no task is run again because of it. Only when the worker stops its claim is released and its message requeued.
 */
export class Recorder {
  constructor(private readonly deps: RecorderDeps) {}

  /** Of attempts with claims. Gives the outcomes of each statement as soon as it is done. Never throws. */
  async *record(batch: readonly Ended[]): AsyncGenerator<readonly RecordOutcome[], void> {
    const byWorker = new Map<string, Ended[]>();
    for (const ended of batch) {
      const worker = ended.entry.worker!;
      const group = byWorker.get(worker);
      if (group) group.push(ended);
      else byWorker.set(worker, [ended]);
    }
    for (const group of byWorker.values()) yield* this.writeAll(group, this.writeOurs);
  }

  /** The same of attempts without claims, of which Postgres knows nothing yet. */
  recordRowless(batch: readonly Ended[]): AsyncGenerator<readonly RecordOutcome[], void> {
    return this.writeAll(batch, this.writeRowless);
  }

  /** Tries an end on that is `unwritten`, for as long as this worker runs. Never rejects. */
  async writeOn(ended: Ended, error: unknown): Promise<readonly RecordOutcome[]> {
    const { retry, log } = this.deps;
    log.error({ err: error, task: ended.entry.id }, 'the end of an attempt cannot be written; holding on to it');
    const write = ended.entry.claimed ? this.writeOurs : this.writeRowless;
    for (let pauseMs = HOLD_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_HOLD_MS)) {
      await retry.pause(pauseMs);
      try {
        return await write([ended]);
      } catch (again) {
        if (retry.gaveUp) return [await this.release(ended, again)];
      }
    }
  }

  /** An id can stand twice when a lost lease let it run here twice: the first of it goes, the rest in a second statement. */
  private async *writeAll(ended: readonly Ended[], write: Write): AsyncGenerator<readonly RecordOutcome[], void> {
    const postponed = ended.filter(isPostponed);
    for (const kind of [postponed.length === 0 ? ended : ended.filter(isOver), postponed])
      for (const part of inParts<Ended>(kind))
        yield await isolate(part, {
          write,
          onFaulty: (one, error) => this.onUnwritten(one, error, write),
          isOfOne: () => true,
        });
  }

  /** Of one worker id and one kind: all over, or all postponed. */
  private readonly writeOurs: Write = async (ended) => {
    const { tasks, retry } = this.deps;
    const worker = ended[0]!.entry.worker!;
    const ends: FreeingEnds = isOver(ended[0]!)
      ? { kind: 'record', items: (ended as readonly Ended<Over>[]).map(toRecordItem) }
      : { kind: 'postpone', items: (ended as readonly Ended<Postponed>[]).map(toPostponeItem) };
    const plain = () =>
      ends.kind === 'record' ? tasks.record(worker, ends.items) : tasks.postpone(worker, ends.items);
    const handingOver = this.handingOver(worker, ends, ended);
    if (!handingOver) return this.decide(ended, await retry.until(plain, triesFor(ended)));
    const { ours, successors } = await retry.until(handingOver, triesFor(ended));
    const handed = successors.map((entry): RecordOutcome => ({ kind: 'handed_over', entry }));
    return [...handed, ...(await this.decide(ended, ours))];
  };

  /** Where slots of limits come free; undefined: the ordinary way. */
  private handingOver(
    worker: string,
    ends: FreeingEnds,
    ended: readonly Ended[],
  ): (() => Promise<Written>) | undefined {
    const { handOver } = this.deps;
    if (!handOver || !ends.items.some(({ limitKey }) => limitKey !== undefined)) return undefined;
    return handOver.writing(
      worker,
      ends,
      ended.map(({ entry }) => entry),
    );
  }

  /** Of one kind. */
  private readonly writeRowless: Write = async (ended) => {
    const { name, tasks, retry } = this.deps;
    const over = ended
      .filter(isOver)
      .filter(({ entry }) => entry.options.record !== 'none' || entry.task.generation > 0);
    const finals = over.map((one) => toFinalItem(one, name));
    const postponed = ended.filter(isPostponed).filter(({ outcome }) => !isRequeue(outcome));
    const again = postponed.map(toUnclaimedPostpone);
    if (finals.length > 0) await retry.until(() => tasks.recordFinal(finals), triesFor(ended));
    if (again.length > 0) await retry.until(() => tasks.postponeUnclaimed(again), triesFor(ended));
    return ended.map(({ entry, outcome }): RecordOutcome => ({
      kind: isRequeue(outcome) ? 'requeue' : 'recorded',
      entry,
      outcome,
    }));
  };

  /** It was tried alone, and cannot be written. */
  private async onUnwritten(ended: Ended, error: unknown, write: Write): Promise<readonly RecordOutcome[]> {
    const { retry, log } = this.deps;
    if (retry.gaveUp) return [await this.release(ended, error)];
    if (isOfValue(error)) {
      const { entry, outcome } = ended;
      log.error(
        { err: error, task: entry.id },
        'the end of an attempt cannot be stored: ResultNotStorable is, instead',
      );
      try {
        return await write([withoutValue(ended, textOf(fieldOf(error, 'message') ?? error, 1000))]);
      } catch (again) {
        if (!entry.claimed && isOfValue(again)) {
          log.error(
            { err: again, task: entry.id },
            'Postgres cannot keep this task: its message goes to the dead letters',
          );
          return [{ kind: 'unstorable', entry, outcome }];
        }
        error = again;
      }
    }
    return [{ kind: 'unwritten', ended, error }];
  }

  /** The worker stops: its claim is released, where Postgres is there to be told. Never rejects. */
  private async release(ended: Ended, error: unknown): Promise<RecordOutcome> {
    const { entry, outcome } = ended;
    if (!entry.claimed || hasCode(error, 'store_unavailable')) return this.requeue(ended, error);
    try {
      const item = toPostponeItem({ entry, outcome: RELEASED });
      const ours = await this.deps.tasks.postpone(entry.worker!, [item]);
      if (!ours.has(entry.id)) return this.requeue(ended, error);
    } catch {
      return this.requeue(ended, error);
    }
    this.deps.log.error({ err: error, task: entry.id }, 'the end of an attempt could not be written; it was released');
    return { kind: 'released', entry, outcome };
  }

  /** A claim that is left ends with the lease of this worker. */
  private requeue({ entry, outcome }: Ended, error: unknown): RecordOutcome {
    this.deps.log.error(
      { err: error, task: entry.id },
      'the end of an attempt could not be written; its message is requeued',
    );
    return { kind: 'requeue', entry, outcome };
  }

  /** @param ours those that were written under our claims; a document: it was cancelled before, and has ended so, whatever its handler came to. */
  private async decide(ended: readonly Ended[], ours: EndedOurs): Promise<RecordOutcome[]> {
    const outcomes: RecordOutcome[] = [];
    for (const { entry, outcome } of ended) {
      const revoked = ours.get(entry.id);
      if (revoked !== undefined)
        outcomes.push({ kind: 'recorded', entry, outcome: revoked ? { kind: 'revoked', error: revoked } : outcome });
    }
    if (ours.size === ended.length) return outcomes;
    return [...outcomes, ...(await this.decideLost(ended.filter(({ entry }) => !ours.has(entry.id))))];
  }

  /** Their claims are not ours: the rows tell why. */
  private async decideLost(lost: readonly Ended[]): Promise<RecordOutcome[]> {
    let claimStates: readonly ClaimState[];
    try {
      claimStates = await this.deps.retry.until(() => this.deps.tasks.claimStates(lost.map(({ entry }) => entry.id)));
    } catch (error) {
      return lost.map((one) => this.requeue(one, error));
    }
    const byId = new Map(claimStates.map((claimState) => [claimState.row.id, claimState]));
    return lost.map(({ entry, outcome }): RecordOutcome => {
      const claimState = byId.get(entry.id);
      const unclaimed = !claimState || (claimState.claimWorker === null && claimState.row.finishedAt === null);
      if (unclaimed && (!claimState || entry.task.generation < 0 || claimState.row.generation <= entry.task.generation))
        return { kind: 'vanished', entry, outcome };
      this.deps.log.warn(
        { task: entry.id, state: claimState?.row.state },
        'a result came too late and was dropped: the task is in other hands, or over',
      );
      return { kind: 'too_late', entry, outcome };
    });
  }
}

/** Alone once: it has been tried with the others, or is tried again after a pause. */
function triesFor({ length }: readonly Ended[]): number {
  return length > 1 ? TRIES : 1;
}

/** What was to be written is at fault: Postgres refuses it, or no statement can be made of it. */
function isOfValue(error: unknown): boolean {
  const name = fieldOf(error, 'name');
  return hasCode(error, 'value_refused') || name === 'RangeError' || name === 'TypeError';
}
