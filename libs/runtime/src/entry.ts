import type { IncomingTask } from '@lovage/celery';
import { bandOf, type Delivery, type NewTask, type PriorityBand, type TaskLimits, type WorkerId } from '@lovage/ports';
import { isLastAttempt, type CompiledTaskOptions, type PoolKind } from '@lovage/task';
import type { Batch } from './claim/batch.ts';
import type { PassOnOrder } from './claim/pass-on-order.ts';
import type { HandlerBinding } from './handler-binding.ts';
import type { TaskRun } from './run/task-run.ts';

/** A pool, or `quarantine`: child processes for suspects, in groups. */
export type Lane = PoolKind | 'quarantine';

/** For a message whose own number does not fit where the broker has put it. */
const OF_BAND: Readonly<Record<PriorityBand, number>> = { high: 7, normal: 4, low: 0 };

/** The broker's word on the band holds: on a queue of somebody else a number means something else, and it has ordered by it. */
function urgencyOf({ priority, band }: Delivery): number {
  return priority !== undefined && bandOf(priority) === band ? Math.min(9, Math.max(0, priority)) : OF_BAND[band];
}

/** Entries so far. */
let made = 0;

/** One task in this worker, from its delivery until it is settled with the broker. */
export class TaskEntry {
  /** Its own in this process: after a lost lease an id may be in two entries. */
  readonly no = ++made;
  /** The same task may be delivered again while it runs here, after a reconnect; the one run settles them all. */
  readonly deliveries: Delivery[];
  /** From 0 to 9: what it goes before of what waits here. */
  readonly urgency: number;
  /** Under which the claim was made; set when it is asked for. */
  worker: WorkerId | undefined;
  claimNo = -1;
  retries: number;
  /** Deaths of workers while it ran. */
  suspected = 0;
  /** Deaths of the child that ran it. */
  crashes = 0;
  /** Where it runs, and whose slot it takes. */
  lane: Lane = 'async';
  /** The batch that it is gathered in, and whose slot it shares. */
  batch: Batch<TaskEntry> | undefined;
  /** Claims that were refused although nothing spoke against them. */
  refusals = 0;
  /** Times that its claim had vanished when its end was to be recorded. */
  renewals = 0;
  /** The claim was granted: there is a row, and it is ours. */
  claimed = false;
  /** Why it is not run here, and to whom it goes; undefined: it runs here. Known from its arrival. */
  passOn: PassOnOrder | undefined;
  /** Limits that its claim is subject to; set when it is asked for. */
  limits: TaskLimits | undefined;
  /** Set while the handler runs in this event loop. */
  run: TaskRun<TaskEntry> | undefined;
  /** Why its signal was aborted; the first reason stands. */
  abortReason: Error | undefined;
  /** Why the worker ended its attempt, whatever its handler came to. */
  endReason: Error | undefined;
  /** ms since the epoch; for people, in rows written at the end. */
  startedAt = 0;
  /** The same of the handler's end. */
  endedAt = 0;
  /** Messages of other turns of the same task that came meanwhile; looked at once this one is dealt with. */
  readonly followers: TaskEntry[] = [];
  private settled = false;

  constructor(
    readonly task: IncomingTask,
    /** What is known of it, for a row that has to be made. */
    readonly facts: NewTask,
    /** Undefined: this worker serves no such contract; the task is passed on to those that do. */
    readonly binding: HandlerBinding | undefined,
    readonly options: CompiledTaskOptions,
    delivery: Delivery,
  ) {
    this.deliveries = [delivery];
    this.urgency = urgencyOf(delivery);
    this.retries = task.retries;
  }

  get id(): string {
    return this.facts.id;
  }

  /** Whatever it fails with now, no other attempt follows. */
  get isLastAttempt(): boolean {
    return isLastAttempt(this.options.retry, this.retries);
  }

  /** ms since the epoch. */
  get scheduledFor(): number | undefined {
    return this.task.facts?.extra?.scheduledFor;
  }

  /** The broker has been told. */
  get isSettled(): boolean {
    return this.settled;
  }

  /** Tells the broker that the message is dealt with. Once; later calls do nothing. */
  ack(): void {
    if (this.settled) return;
    this.settled = true;
    for (const delivery of this.deliveries) delivery.ack();
  }

  /** Gives the message back (`requeue`) or to the dead letters. */
  nack(requeue: boolean): void {
    if (this.settled) return;
    this.settled = true;
    for (const delivery of this.deliveries) delivery.nack({ requeue });
  }

  /** Takes what was delivered again: the same message joins this one, a message of another turn or name waits behind it. */
  adopt(other: TaskEntry): void {
    if (other.task.turn !== this.task.turn || other.task.name !== this.task.name) this.followers.push(other);
    else if (this.settled) other.ack();
    else this.deliveries.push(...other.deliveries);
  }
}
