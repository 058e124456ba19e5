import { BatchQueue, fieldOf, hasCode, textOf } from '@lovage/foundation';
import type { EndedOurs, FreeingEnds, Log, TaskSituation, TaskStore } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import { RELEASED, type Outcome } from '../run/outcome.ts';
import type { StoreRetry } from '../store-retry.ts';
import { UnderWay } from '../under-way.ts';
import { togetherOrApart } from './apart.ts';
import {
  inParts,
  isHandBack,
  isOver,
  isPostponed,
  STATES,
  toFinalItem,
  toPostponeItem,
  toRecordItem,
  toUnclaimedPostpone,
  withoutValue,
  type Ended,
} from './ended.ts';
import type { HandOver } from './hand-over.ts';
import type { Replies } from './replies.ts';

/** A statement that fails though Postgres is there is tried so many times, with pauses, before its items are tried one by one. */
const TRIES = 3;
/** Before an end that cannot be written, for no fault of its own, is tried again: the first and the longest pause, ms. */
const HOLD_MS = 1000;
const LONGEST_HOLD_MS = 60_000;

export interface RecorderDeps {
  readonly name: string;
  readonly tasks: TaskStore;
  readonly retry: StoreRetry;
  readonly replies: Replies;
  /** Gives the slots of limits that come free to those that wait for them; without it the relay sends those. */
  readonly handOver?: Pick<HandOver, 'writing'> | undefined;
  readonly log: Log;
  /**
   * The row shows no claim at all: a crash of Postgres undid ours, or the sweep took us for dead and nobody has come since.
   * What happened is still true: claim again, then record again. Resolves when it is decided; must not reject.
   */
  onClaimVanished(entry: TaskEntry, outcome: Outcome): Promise<void>;
  /** A group commit is done. */
  onFlushed(): void;
  /** Written, as ours. */
  onRecorded(entry: TaskEntry, outcome: Outcome): void;
  /** Written, or rightly dropped; the message is acked. */
  onSettled(entry: TaskEntry, outcome: Outcome): void;
}

/**
 * Writes how attempts ended, in group commits: the next takes what has gathered during the last. Only then come the
 * reply and the ack. While Postgres is away the results are held; their messages stay unacked, which bounds them.
 *
 * What cannot be written together is written one by one. An end that cannot be written because of its value is replaced by a
 * FAILURE `ResultNotStorable`; one that cannot be written for another reason is held, and tried again after growing pauses:
 * no task is run again because of it. Only when the worker stops its claim is released and its message goes back.
 */
export class Recorder {
  /** One commit under way: claims go in step with these. */
  private readonly claimed: BatchQueue<Ended>;
  /** Beside it, so that claims wait for none of these. */
  private readonly rowless: BatchQueue<Ended>;
  /** Ends that wait for earlier writes, or for a claim made anew. */
  private readonly underWay = new UnderWay();
  private flushing = false;

  constructor(private readonly deps: RecorderDeps) {
    this.claimed = new BatchQueue({
      flush: async (batch) => {
        this.flushing = true;
        await this.writeClaimed(batch);
        this.flushing = false;
        this.deps.onFlushed();
      },
    });
    this.rowless = new BatchQueue({ flush: (batch) => this.writeAll(batch, (part) => this.writeRowless(part)) });
  }

  /** Whether a group commit of claimed tasks is under way. */
  get busy(): boolean {
    return this.flushing;
  }

  add(entry: TaskEntry, outcome: Outcome): void {
    (entry.claimed ? this.claimed : this.rowless).push({ entry, outcome });
  }

  /** The same, once these writes are settled: whoever sees the end must find all that came before it. They must not reject. */
  addAfter(writes: readonly (Promise<void> | undefined)[], entry: TaskEntry, outcome: Outcome): void {
    this.underWay.add(Promise.all(writes).then(() => this.add(entry, outcome)));
  }

  /** Resolves once everything added so far is written, also what waits for other writes or for a new claim. */
  async idle(): Promise<void> {
    do {
      await this.underWay.idle();
      await Promise.all([this.claimed.idle(), this.rowless.idle()]);
    } while (this.underWay.size > 0);
  }

  private async writeClaimed(batch: readonly Ended[]): Promise<void> {
    const byWorker = new Map<string, Ended[]>();
    for (const ended of batch) {
      const worker = ended.entry.worker!;
      const group = byWorker.get(worker);
      if (group) group.push(ended);
      else byWorker.set(worker, [ended]);
    }
    for (const [worker, group] of byWorker) await this.writeAll(group, (part) => this.writeOurs(worker, part));
  }

  /** Never rejects. An id can stand twice when a lost lease let it run here twice: the first of it goes, the rest in a second statement. */
  private async writeAll(ended: readonly Ended[], write: (part: readonly Ended[]) => Promise<void>): Promise<void> {
    for (const kind of [ended.filter(isOver), ended.filter(isPostponed)])
      for (const part of inParts<Ended>(kind))
        await togetherOrApart(part, write, (one, error) => this.onUnwritten(one, error, write));
  }

  /** Of one kind: all over, or all postponed. */
  private async writeOurs(worker: string, ended: readonly Ended[]): Promise<void> {
    const { tasks, retry } = this.deps;
    const [over, postponed] = [ended.filter(isOver).map(toRecordItem), ended.filter(isPostponed).map(toPostponeItem)];
    const ends: FreeingEnds =
      over.length > 0 ? { kind: 'record', items: over } : { kind: 'postpone', items: postponed };
    const plain = () => (over.length > 0 ? tasks.record(worker, over) : tasks.postpone(worker, postponed));
    await this.settle(ended, await retry.until(this.writing(worker, ends, ended) ?? plain, triesFor(ended)));
  }

  /** Where slots of limits come free; undefined: the ordinary way. */
  private writing(worker: string, ends: FreeingEnds, ended: readonly Ended[]): (() => Promise<EndedOurs>) | undefined {
    const { handOver } = this.deps;
    if (!handOver || !ends.items.some(({ limitKey }) => limitKey !== undefined)) return undefined;
    return handOver.writing(
      worker,
      ends,
      ended.map(({ entry }) => entry),
    );
  }

  /** Of one kind. */
  private async writeRowless(ended: readonly Ended[]): Promise<void> {
    const { name, tasks, retry } = this.deps;
    const over = ended.filter(isOver).filter(({ entry }) => entry.options.record !== 'none' || entry.task.turn > 0);
    const finals = over.map((one) => toFinalItem(one, name));
    const postponed = ended.filter(isPostponed).filter(({ outcome }) => !isHandBack(outcome));
    const again = postponed.map(toUnclaimedPostpone);
    if (finals.length > 0) await retry.until(() => tasks.recordFinal(finals), triesFor(ended));
    if (again.length > 0) await retry.until(() => tasks.postponeUnclaimed(again), triesFor(ended));
    for (const { entry, outcome } of ended) {
      if (isHandBack(outcome)) {
        entry.nack(true);
        this.deps.onSettled(entry, outcome);
      } else this.done(entry, outcome);
    }
  }

  /** It was tried alone, and cannot be written. */
  private async onUnwritten(
    ended: Ended,
    error: unknown,
    write: (part: readonly Ended[]) => Promise<void>,
  ): Promise<void> {
    const { retry, log } = this.deps;
    if (retry.gaveUp) return this.release(ended, error);
    if (isOfValue(error)) {
      const { entry } = ended;
      log.error(
        { err: error, task: entry.id },
        'the end of an attempt cannot be stored: ResultNotStorable is, instead',
      );
      try {
        return await write([withoutValue(ended, textOf(fieldOf(error, 'message') ?? error, 1000))]);
      } catch (again) {
        if (!entry.claimed && isOfValue(again)) return this.giveUp(ended, again);
        error = again;
      }
    }
    this.underWay.add(this.hold(ended, error, write));
  }

  /** Tries on beside the others, for as long as this worker runs. */
  private async hold(ended: Ended, error: unknown, write: (part: readonly Ended[]) => Promise<void>): Promise<void> {
    const { retry, log } = this.deps;
    log.error({ err: error, task: ended.entry.id }, 'the end of an attempt cannot be written; holding on to it');
    for (let pauseMs = HOLD_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_HOLD_MS)) {
      await retry.pause(pauseMs);
      try {
        return await write([ended]);
      } catch (again) {
        if (retry.gaveUp) return this.release(ended, again);
      }
    }
  }

  /** The worker stops: its claim is released, where Postgres is there to be told. Never rejects. */
  private async release(ended: Ended, error: unknown): Promise<void> {
    const { entry, outcome } = ended;
    if (!entry.claimed || hasCode(error, 'store_unavailable')) return this.goBack(ended, error);
    try {
      const item = toPostponeItem({ entry, outcome: RELEASED });
      const ours = await this.deps.tasks.postpone(entry.worker!, [item]);
      if (!ours.has(entry.id)) return this.goBack(ended, error);
    } catch {
      return this.goBack(ended, error);
    }
    this.deps.log.error({ err: error, task: entry.id }, 'the end of an attempt could not be written; it was released');
    entry.ack();
    this.deps.onSettled(entry, outcome);
  }

  /** The message goes back. A claim that is left ends with the lease of this worker. */
  private goBack({ entry, outcome }: Ended, error: unknown): void {
    this.deps.log.error(
      { err: error, task: entry.id },
      'the end of an attempt could not be written; its message goes back',
    );
    entry.nack(true);
    this.deps.onSettled(entry, outcome);
  }

  /** Postgres keeps nothing of the task, neither its end nor what it was given. */
  private giveUp({ entry, outcome }: Ended, error: unknown): void {
    this.deps.log.error(
      { err: error, task: entry.id },
      'Postgres cannot keep this task: its message goes to the dead letters',
    );
    entry.nack(false);
    this.deps.onSettled(entry, outcome);
  }

  private async settle(ended: readonly Ended[], ours: EndedOurs): Promise<void> {
    for (const { entry, outcome } of ended) {
      const revoked = ours.get(entry.id);
      // Called off before this was written: that is how it ended, whatever the handler came to.
      if (revoked !== undefined) this.done(entry, revoked ? { kind: 'revoked', error: revoked } : outcome);
    }
    if (ours.size < ended.length) await this.settleLost(ended.filter(({ entry }) => !ours.has(entry.id)));
  }

  /** Their claims are not ours: the rows tell why. */
  private async settleLost(lost: readonly Ended[]): Promise<void> {
    let situations: readonly TaskSituation[];
    try {
      situations = await this.deps.retry.until(() => this.deps.tasks.situations(lost.map(({ entry }) => entry.id)));
    } catch (error) {
      for (const one of lost) this.goBack(one, error);
      return;
    }
    const byId = new Map(situations.map((situation) => [situation.row.id, situation]));
    for (const { entry, outcome } of lost) {
      const situation = byId.get(entry.id);
      const unclaimed = !situation || (situation.claimWorker === null && situation.row.finishedAt === null);
      if (unclaimed && (!situation || entry.task.turn < 0 || situation.row.turn <= entry.task.turn)) {
        this.underWay.add(this.deps.onClaimVanished(entry, outcome));
        continue;
      }
      this.deps.log.warn(
        { task: entry.id, state: situation?.row.state },
        'a result came too late and was dropped: the task is in other hands, or over',
      );
      entry.ack();
      this.deps.onSettled(entry, outcome);
    }
  }

  private done(entry: TaskEntry, outcome: Outcome): void {
    try {
      this.deps.onRecorded(entry, outcome);
      this.reply(entry, outcome);
    } catch (error) {
      // It is written: nothing that comes after may have it written again.
      this.deps.log.error({ err: error, task: entry.id }, 'a task has ended, but who waits for it could not be told');
    }
    entry.ack();
    this.deps.onSettled(entry, outcome);
  }

  private reply(entry: TaskEntry, outcome: Outcome): void {
    if (!entry.task.replyTo || outcome.kind === 'postponed') return;
    if (outcome.kind === 'succeeded') this.deps.replies.ended(entry, 'SUCCESS', outcome.result, null);
    else this.deps.replies.ended(entry, STATES[outcome.kind], null, outcome.error);
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
