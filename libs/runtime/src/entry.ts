import { startsCanvas, type IncomingTask } from '@lovage/celery';
import { LovageError } from '@lovage/foundation';
import {
  levelOf,
  type ClaimedTask,
  type ClaimItem,
  type Delivery,
  type NewTask,
  type PriorityLevel,
  type TaskLimits,
  type WorkerId,
} from '@lovage/ports';
import { isLastAttempt, type CompiledTaskOptions, type PoolKind } from '@lovage/task';
import type { Batch } from './claim/batch.ts';
import type { HandlerBinding } from './handler-binding.ts';
import type { PassOnOrder } from './intake/accept.ts';
import type { TaskRun } from './run/task-run.ts';

// The states of a task that a worker holds. Only its transitions set its fields; pipeline.ts says when they happen.
//
//   arrived ──wait──> waiting ──claim──> claiming ──grant──> granted ──start──> running ──end──> ended ──leave──> left
//
//   waiting ──start──> running          it has no row until its end: there is nothing to claim
//   waiting, granted ──end──> ended     its slot came while the worker stops: it is released without having run
//   arrived ──succeed──> granted        it was claimed with the slot of a limit that another task has left
//
//   claiming ──refuse──> refused        its row is asked why the claim was not granted:
//     refused ──retryClaim──> waiting     nothing speaks against it
//     refused ──quarantine──> waiting     it is a suspect
//     refused ──takeOver──> granted       its holder is dead
//
//   arrived, waiting, refused ──postpone──> leaving     not run here; that it goes elsewhere is being written
//     leaving ──refuse──> refused                         its row says no
//
//   ended ──claimAnew──> claiming ──renew──> ended      its claim had vanished when its end was to be recorded
//
// waiting: for a slot, for its batch to be full, for a place in quarantine, or for the pause before another claim.
// ended: its attempt is over, and how is being recorded.

export type EntryState =
  'arrived' | 'waiting' | 'claiming' | 'refused' | 'granted' | 'leaving' | 'running' | 'ended' | 'left';

interface Transition {
  readonly from: readonly EntryState[];
  readonly to: EntryState;
}

/** What may follow what; the state that a transition nearly always begins in comes first. From each state an entry may {@link TaskEntry.leave}. */
export const TRANSITIONS = {
  wait: { from: ['arrived', 'waiting'], to: 'waiting' },
  claim: { from: ['waiting'], to: 'claiming' },
  grant: { from: ['claiming'], to: 'granted' },
  succeed: { from: ['arrived'], to: 'granted' },
  start: { from: ['granted', 'waiting'], to: 'running' },
  end: { from: ['running', 'granted', 'waiting'], to: 'ended' },
  refuse: { from: ['claiming', 'leaving'], to: 'refused' },
  retryClaim: { from: ['refused'], to: 'waiting' },
  quarantine: { from: ['refused'], to: 'waiting' },
  takeOver: { from: ['refused'], to: 'granted' },
  postpone: { from: ['arrived', 'waiting', 'refused', 'leaving'], to: 'leaving' },
  claimAnew: { from: ['ended'], to: 'claiming' },
  renew: { from: ['claiming'], to: 'ended' },
} as const satisfies Readonly<Record<string, Transition>>;

/** What the broker is told of a message: it is dealt with, it is requeued, or it is dead-lettered. */
export type MessageEnd = 'ack' | 'requeue' | 'dead_letter';

/** Where a task runs and whose slot it takes: a pool, or `quarantine`, the child processes for suspects. */
export type EntryPool = PoolKind | 'quarantine';

/** A transition that the states of an entry do not allow: a fault of the worker engine. */
export class IllegalTransitionError extends LovageError {
  readonly code = 'illegal_transition';
  constructor(
    readonly task: string,
    readonly from: EntryState,
    readonly transition: string,
  ) {
    super(`task ${task} is ${from}, so it cannot ${transition}: a fault of the worker engine, please report it`);
  }
}

/** Priorities of messages whose own number does not fit the level that the broker has put them in. */
const OF_LEVEL: Readonly<Record<PriorityLevel, number>> = { high: 7, normal: 4, low: 0 };

/** The level that the broker tells holds: on a foreign queue a number means something else, and the broker has ordered by it. */
function urgencyOf({ priority, level }: Delivery): number {
  return priority !== undefined && levelOf(priority) === level ? Math.min(9, Math.max(0, priority)) : OF_LEVEL[level];
}

function nameOf(transition: Transition): string {
  return Object.entries(TRANSITIONS).find(([, one]) => one === transition)![0];
}

/** The fields that transitions set. */
type Writable = { -readonly [K in keyof TaskEntry]: TaskEntry[K] };

/** Entries so far. */
let made = 0;

const NOBODY: readonly TaskEntry[] = [];

/** One task in this worker, from its delivery until it has left: a state machine, with what is known of the task in each state. */
export class TaskEntry {
  /** Its own in this process: after a lost lease an id may be in two entries. */
  readonly no = ++made;
  readonly state: EntryState = 'arrived';
  /** Messages of this task, settled together: it may be delivered again while it runs, after a reconnect. */
  readonly deliveries: Delivery[];
  /** Messages of another generation of the same task that came meanwhile; looked at once this one has left. */
  readonly followers: readonly TaskEntry[] = NOBODY;
  /** Priority among what waits here, from 0 to 9. */
  readonly urgency: number;
  readonly pool: EntryPool = 'async';
  /** The batch that it is gathered in, and whose slot it shares. */
  readonly batch: Batch<TaskEntry> | undefined = undefined;
  /** Why it is not run here, and who may run it; undefined: it runs here. Known from its arrival. */
  readonly passOn: PassOnOrder | undefined;
  /** Worker id and number of the claim that was asked for last. */
  readonly worker: WorkerId | undefined = undefined;
  readonly claimNo: number = -1;
  /** The claim was granted: there is a row, and it is ours. */
  readonly claimed: boolean = false;
  /** Limits that its claim is subject to. */
  readonly limits: TaskLimits | undefined = undefined;
  /** Failed attempts. */
  readonly retries: number;
  /** Deaths of workers while it ran. */
  readonly suspected: number = 0;
  /** Deaths of the child that ran it. */
  readonly crashes: number = 0;
  /** Claims that were refused although nothing spoke against them. */
  readonly refusals: number = 0;
  /** Times that its claim had vanished when its end was to be recorded. */
  readonly renewals: number = 0;
  /** The context of the attempt, while its handler runs in this event loop. */
  readonly run: TaskRun<TaskEntry> | undefined = undefined;
  /** Why the signal of the attempt was aborted; the first reason stands. */
  readonly abortReason: Error | undefined = undefined;
  /** Why the worker ended the attempt, whatever its handler came to; the first reason stands. */
  readonly endReason: Error | undefined = undefined;
  /** Start of the attempt, ms since the epoch. */
  readonly startedAt: number = 0;
  /** End of the attempt, ms since the epoch. */
  readonly endedAt: number = 0;
  /** JSON text of what followed from its end, as results have it (`children`). */
  readonly children: string | undefined = undefined;
  private settled = false;

  constructor(
    readonly task: IncomingTask,
    /** What is known of it, for a row that has to be made. */
    readonly newTask: NewTask,
    /** Undefined: this worker serves no such contract; the task is passed on to those that do. */
    readonly binding: HandlerBinding | undefined,
    readonly options: CompiledTaskOptions,
    delivery: Delivery,
    passOn?: PassOnOrder,
  ) {
    this.deliveries = [delivery];
    this.urgency = urgencyOf(delivery);
    this.retries = task.retries;
    this.passOn = passOn;
  }

  get id(): string {
    return this.newTask.id;
  }

  /** Whether a failure now is final: no other attempt follows. */
  get isLastAttempt(): boolean {
    return isLastAttempt(this.options.retry, this.retries);
  }

  /** ms since the epoch. */
  get scheduledFor(): number | undefined {
    return this.task.newTask?.extra?.scheduledFor;
  }

  /** Whether something is to follow its end. */
  get hasCanvas(): boolean {
    return this.task.canvas.length > 0 || startsCanvas(this.task.name);
  }

  /** Whether the broker has been told. */
  get isSettled(): boolean {
    return this.settled;
  }

  /** Whether it has a claim to ask for: a task without a row until its end has none. */
  get needsClaim(): boolean {
    return this.options.record === 'full' || this.task.hasRow;
  }

  get hasLeft(): boolean {
    return this.state === 'left';
  }

  /** As the claim is asked for. */
  toClaimItem(): ClaimItem {
    return { task: this.newTask, generation: this.task.generation, claimNo: this.claimNo, hadRow: this.task.hasRow };
  }

  // Transitions. Each is ignored, and false where the caller has to know, once the entry has left: a stop requeues what is still
  // being decided. @throws IllegalTransitionError

  /** It waits to run in this pool. */
  wait(pool: PoolKind): boolean {
    if (!this.makes(TRANSITIONS.wait)) return false;
    this.own.pool = pool;
    return true;
  }

  /** It waits for a place in quarantine. */
  quarantine(): boolean {
    if (!this.makes(TRANSITIONS.quarantine)) return false;
    this.own.pool = 'quarantine';
    this.own.batch = undefined;
    return true;
  }

  /** It joins a batch, which shares one slot. Called by {@link Batch}. */
  joinBatch(batch: Batch<TaskEntry>): void {
    this.own.batch = batch;
  }

  /** It is no longer of its batch. Called by {@link Batch}. */
  leaveBatch(): void {
    this.own.batch = undefined;
  }

  /** Its claim is asked for under this id and number. */
  claim(worker: WorkerId, claimNo: number, limits?: TaskLimits): void {
    if (!this.makes(TRANSITIONS.claim)) return;
    this.under(worker, claimNo);
    this.own.limits = limits;
  }

  /** The row has the claim. */
  grant(claim: Omit<ClaimedTask, 'id'>): void {
    if (this.makes(TRANSITIONS.grant)) this.granted(claim);
  }

  /** The claim of a dead worker has become ours. */
  takeOver(worker: WorkerId, claimNo: number, claim: Omit<ClaimedTask, 'id'>): void {
    if (!this.makes(TRANSITIONS.takeOver)) return;
    this.under(worker, claimNo);
    this.granted(claim);
  }

  /** It was claimed with the slot of a limit that another task has left, in whose pool it runs. */
  succeed(before: TaskEntry, worker: WorkerId, claimNo: number, claim: Omit<ClaimedTask, 'id'>): void {
    if (!this.makes(TRANSITIONS.succeed)) return;
    this.under(worker, claimNo);
    this.granted(claim);
    this.own.pool = before.pool;
    this.own.limits = before.limits;
  }

  /** The row says no to the claim, or to what was written without one. */
  refuse(): void {
    if (this.makes(TRANSITIONS.refuse)) this.own.claimed = false;
  }

  /** Nothing speaks against the claim any more: it is asked for again, after a pause that depends on {@link refusals}. */
  retryClaim(): void {
    if (this.makes(TRANSITIONS.retryClaim)) this.own.refusals += 1;
  }

  /** It is not run here. @param passOn who may run it, where that has changed */
  postpone(passOn = this.passOn): void {
    if (this.makes(TRANSITIONS.postpone)) this.own.passOn = passOn;
  }

  /** An attempt begins. Nothing of an earlier one decides about it. */
  start(now: number): void {
    if (!this.makes(TRANSITIONS.start)) return;
    const { own } = this;
    own.startedAt = now;
    own.run = undefined;
    own.abortReason = undefined;
    own.endReason = undefined;
  }

  /** Its handler runs in this event loop, with this context. */
  attach(run: TaskRun<TaskEntry>): void {
    this.own.run = run;
  }

  /** The signal of the attempt is to be aborted. */
  abort(reason: Error): void {
    this.own.abortReason ??= reason;
  }

  /** The worker ends the attempt. */
  kill(reason: Error): void {
    this.own.abortReason ??= reason;
    this.own.endReason ??= reason;
  }

  /** The attempt is over, and how is known. */
  end(now: number): void {
    if (this.makes(TRANSITIONS.end)) this.own.endedAt = now;
  }

  /** This follows from its end. */
  followedBy(children: string): void {
    this.own.children = children;
  }

  /** Its claim had vanished when its end was to be recorded: it is asked for again. */
  claimAnew(worker: WorkerId, claimNo: number): void {
    if (!this.makes(TRANSITIONS.claimAnew)) return;
    this.under(worker, claimNo);
    this.own.renewals += 1;
  }

  /** The row has the claim again: the end can be recorded. */
  renew(): void {
    this.makes(TRANSITIONS.renew);
  }

  /** Its message is settled so, if it was not before, and the task has left this worker. */
  leave(message: MessageEnd): void {
    this.own.state = 'left';
    this.settle(message);
  }

  /** Tells the broker that the message is dealt with, before the task has left. */
  ack(): void {
    this.settle('ack');
  }

  /** Takes what was delivered again: the same message joins this one, a message of another generation or name waits behind it. */
  adopt(other: TaskEntry): 'joined' | 'behind' {
    if (other.task.generation !== this.task.generation || other.task.name !== this.task.name) {
      this.own.followers = [...this.followers, other];
      return 'behind';
    }
    if (this.settled) other.ack();
    else this.deliveries.push(...other.deliveries);
    return 'joined';
  }

  /** Those that waited behind it, which are next. */
  takeFollowers(): readonly TaskEntry[] {
    const { followers } = this;
    this.own.followers = NOBODY;
    return followers;
  }

  private get own(): Writable {
    return this;
  }

  private under(worker: WorkerId, claimNo: number): void {
    this.own.worker = worker;
    this.own.claimNo = claimNo;
  }

  private granted({ retries, suspected, crashes }: Omit<ClaimedTask, 'id'>): void {
    const { own } = this;
    own.claimed = true;
    own.retries = retries;
    own.suspected = suspected;
    own.crashes = crashes;
  }

  /** Makes the transition; false: the entry has left, and nothing happens to it any more. */
  private makes(transition: Transition): boolean {
    const { state } = this;
    const { from, to } = transition;
    // Nearly always the first one.
    if (state !== from[0] && !from.includes(state)) {
      if (state === 'left') return false;
      throw new IllegalTransitionError(this.id, state, nameOf(transition));
    }
    this.own.state = to;
    return true;
  }

  private settle(message: MessageEnd): void {
    if (this.settled) return;
    this.settled = true;
    for (const delivery of this.deliveries)
      if (message === 'ack') delivery.ack();
      else delivery.nack({ requeue: message === 'requeue' });
  }
}
