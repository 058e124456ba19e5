import type { TaskErrorDocument, TerminalState } from '@lovage/task';
import type { NewTask } from './task.ts';

/** A task to be submitted with something else: its row and its message in the outbox. One whose id is there already is left as it is. */
export interface SubmittedWith {
  readonly task: NewTask;
  /** When its message is due; 0 = now. */
  readonly delayMs: number;
}

/** A countdown: of the task that it belongs to, and is deleted with, and a key of the caller's within that task. */
export interface CountdownKey {
  readonly taskId: string;
  readonly key: string;
}

/** Counts ends: the one that brings it to zero submits the tasks, in the transaction of that end, and removes it. */
export interface Countdown extends CountdownKey {
  /** How many ends it waits for; 0: its tasks are submitted at once. */
  readonly count: number;
  readonly tasks: readonly SubmittedWith[];
}

/**
 * What an end brings about, in its transaction: all of it, or nothing where the end was not written, or was written as REVOKED. In this
 * order. An end that no worker writes (a sweep, a dead letter) brings about none of it; what must follow any end is `onSuccess` and
 * `onFailure` of a contract.
 */
export interface FollowUps {
  readonly tasks?: readonly SubmittedWith[];
  /** Begin; one that is there already is left as it is. */
  readonly begin?: readonly Countdown[];
  /** Go down by one each. One that is not there has ended, or its task was deleted. */
  readonly countDown?: readonly CountdownKey[];
}

/** An attempt that ended for good. `result` and `error` are JSON text. */
export interface RecordItem {
  readonly id: string;
  readonly claimNo: number;
  /** The concurrency key whose slot it frees ({@link ConcurrencyGate.key}); left out: it has none. */
  readonly limitKey?: string | undefined;
  readonly state: TerminalState;
  readonly result: string | null;
  readonly error: string | null;
  /** Left out: none, and the batch that holds no item with any is one statement. */
  readonly followUps?: FollowUps | undefined;
}

/** For `record: 'final'`: the whole row, written once at the end. */
export interface FinalItem {
  readonly task: NewTask;
  readonly state: TerminalState;
  readonly retries: number;
  readonly worker: string;
  readonly result: string | null;
  readonly error: string | null;
  /** ms since the epoch, the worker's clock: of interest to people only. */
  readonly startedAt: number;
}

/** An attempt that ends with another to come: the generation is raised, the next message goes into the outbox. */
export interface PostponeItem {
  readonly id: string;
  readonly claimNo: number;
  /** As in {@link RecordItem}. */
  readonly limitKey?: string | undefined;
  /**
   * `retry`: failed, costs budget → `RETRY`. `snooze`: asked for → `SCHEDULED`. `release`: released at shutdown → `QUEUED`.
   * `crash`: the child that ran it died; costs no budget, is counted in `crashes` → `RETRY`.
   * `suspect`: a child died that ran it among others → `QUEUED`.
   */
  readonly kind: 'retry' | 'snooze' | 'release' | 'crash' | 'suspect';
  /** Of `suspect`: the largest group that it may run in from now on. */
  readonly group?: number | undefined;
  readonly delayMs: number;
  /** JSON text of the failure; kept with the ended attempt. */
  readonly error: string | null;
}

/** The same for a task that has no claim (`record: 'final' | 'none'`): its row is made now, so that the outbox can send it again. */
export interface UnclaimedPostponeItem extends NewTask {
  /** Generation of the message that was run. */
  readonly generation: number;
  /** Failures so far that cost budget, this one included. */
  readonly retries: number;
  /** Deaths of children so far, this one included. */
  readonly crashes: number;
  readonly kind: 'retry' | 'snooze' | 'crash';
  readonly delayMs: number;
}

/**
 * The ids of attempts that were ours to end. With an error: the task had been cancelled before, so it ended REVOKED with
 * that error, whatever its handler came to; null: it ended as given.
 */
export type EndedOurs = ReadonlyMap<string, TaskErrorDocument | null>;
