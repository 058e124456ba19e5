import type { TaskErrorDocument, TaskState, TerminalState } from '@lovage/task';
import type { FreeingEnds, HandedOver, HandOverWish } from './hand-over.ts';
import type { PassedOn, PassOnItem, PassOnLimits } from './pass-on.ts';
import type { SqlTransaction } from './sql-transaction.ts';
import type { SubmitKeys, UniqueKey } from './submit-keys.ts';
import type { EscapedItem, NewTask, TaskRow, WorkerId } from './task.ts';
import type { EndedOurs, FinalItem, PostponeItem, RecordItem, UnclaimedPostponeItem } from './task-ends.ts';

/** A message that asks to run: the claim either takes its row, or makes it from this data. */
export interface ClaimItem {
  readonly task: NewTask;
  /** Generation of the message; -1 when it carries none (a Python producer): never stale. */
  readonly generation: number;
  readonly claimNo: number;
  /** The row was committed before the publish: no row now means it ran and retention deleted it, so it is not made again. */
  readonly hadRow: boolean;
}

export interface ClaimedTask {
  readonly id: string;
  readonly retries: number;
  /** How often a holder died while this task ran. */
  readonly suspected: number;
  /** How often the child that ran it died, seen by its living worker. */
  readonly crashes: number;
}

/** Why a claim was not granted: the row as it stands, and whether its holder lives. */
export interface ClaimState {
  readonly row: TaskRow;
  readonly claimWorker: WorkerId | null;
  readonly claimNo: number | null;
  /** Meaningful with a claim: its worker's lease runs and its session lock is held. */
  readonly holderAlive: boolean;
  readonly expired: boolean;
}

export interface ProgressItem {
  readonly id: string;
  readonly claimNo: number;
  /** JSON text. */
  readonly progress: string;
}

/** Who cancels tasks. */
export interface RevokedBy {
  /** A user's id, or what the caller calls itself; kept with the task. */
  readonly actor: string | null;
  readonly reason: string | null;
  /** Tasks that run are left alone. */
  readonly waitingOnly?: boolean;
}

/** What a revoke came to for one task. */
export interface RevokedTask {
  readonly id: string;
  readonly outcome: RevokeOutcome;
  /** Set when it ended by this call and somebody may wait for its reply: nobody else will send one. */
  readonly reply?: RevokedReply;
}

/** The answer to callers that wait for a task that ended REVOKED before a worker had it. */
export interface RevokedReply {
  readonly address: string;
  readonly correlationId: string;
  /** The id on the wire. */
  readonly taskId: string;
  readonly error: TaskErrorDocument;
}

export type RevokeOutcome =
  /** It had not started: it is REVOKED now. */
  | { readonly kind: 'revoked' }
  /** It runs; its cancel is requested, the worker that holds it ends it. With `waitingOnly` it was left alone. */
  | { readonly kind: 'running'; readonly worker: WorkerId }
  | { readonly kind: 'terminal'; readonly state: TerminalState }
  | { readonly kind: 'unknown' };

/** What came of a task that is inserted first. */
export interface SubmittedFirst {
  /** Of the row that holds the key: the given id, or the id of the earlier submit. */
  readonly taskId: string;
  /** `false`: the key was taken; nothing was inserted. */
  readonly fresh: boolean;
  /** Kept with the idempotency key: the given one when `fresh`, else that of the earlier submit. Without a key: empty. */
  readonly fingerprint: string;
  /** Not fresh because another task of the same uniqueness key conflicts. */
  readonly unique?: boolean;
  /** The task that this one has taken the place of. */
  readonly replaced?: RevokedTask;
}

/** A task to be inserted first, with what binds it. */
export interface FirstItem extends SubmitKeys {
  readonly task: NewTask;
  /** When its message is due; 0 = now. */
  readonly delayMs: number;
  /** The caller publishes it itself within this time; 0 leaves it to the relay. */
  readonly leaseMs: number;
}

/**
 * What came of one of many tasks that are inserted first; with an error, or `locked`, nothing of it was stored. Errors:
 * {@link TaskNotUniqueError}, {@link ValueRefusedError}, {@link StoreUnavailableError} where Postgres went away in between. `locked`:
 * another transaction has one of its keys, and ends who knows when.
 */
export type FirstOutcome = SubmittedFirst | Error | 'locked';

/**
 * The system of record. Every statement is one of `delivery-protocol` (docs/delivery.md) and may be repeated.
 * Batches name an id once at most. All throw {@link StoreUnavailableError} when Postgres cannot be reached.
 */
export interface TaskStore {
  /** Rows of tasks that the broker has confirmed. A row that the claim made first stays as it is. */
  insertQueued(tasks: readonly NewTask[]): Promise<void>;

  /**
   * Rows and outbox messages in one commit, for tasks that are not with the broker yet; each has an outcome of its own, in their order. With an
   * idempotency key the first submit makes the task, also within the batch; one that must be unique is inserted when no other one is conflicting.
   * None of many waits long for the transaction of somebody else that has one of its keys; one alone waits for its end.
   * @param options.transaction the caller's: all holds when that is committed, and the relay sends the messages then (no `leaseMs`). What its
   * connection throws is thrown. Others who submit the same keys wait for its end.
   * @throws ValueRefusedError of one alone; StoreUnavailableError
   */
  insertFirst(
    items: readonly FirstItem[],
    options?: { readonly transaction?: SqlTransaction | undefined },
  ): Promise<FirstOutcome[]>;
  /**
   * Many such tasks in one commit, for the relay to send, each after its delay; returns the ids of those inserted. One whose id is
   * there already is left as it is, so the same ids may be given again. Those that must be unique come after the others, each for
   * itself; one that meets another task of the same work, and is not to replace it, is not inserted.
   */
  insertFirstMany(
    items: readonly { readonly task: NewTask; readonly delayMs: number; readonly unique?: UniqueKey | undefined }[],
  ): Promise<string[]>;
  /** Records tasks as run by this worker. What is not returned was not granted: ask {@link claimStates}. */
  claim(
    worker: { id: WorkerId; name: string },
    items: readonly ClaimItem[],
    options: { durable: boolean; suspects?: boolean },
  ): Promise<ClaimedTask[]>;
  claimStates(ids: readonly string[]): Promise<ClaimState[]>;
  /** Which of these times (ms since the epoch) have passed, by Postgres' clock; in their order. For tasks that have no row yet. */
  passed(times: readonly number[]): Promise<boolean[]>;
  /**
   * Compare-and-set from a dead holder; undefined when somebody else was faster, `revoked` when the task had been cancelled:
   * then it has ended REVOKED instead.
   * @param claim `suspects`: claim also what is a suspect after this death; else it is `released`. `release`: end the dead claim and make none, as a task with a rate must be claimed as one. Then `released`.
   */
  takeOver(
    worker: { id: WorkerId; name: string },
    claim: {
      id: string;
      claimNo: number;
      from: { worker: WorkerId; claimNo: number };
      release?: boolean;
      suspects?: boolean;
    },
  ): Promise<ClaimedTask | 'revoked' | 'released' | undefined>;

  /** Ends attempts, with what each brings about. A value that Postgres cannot keep ends its task as FAILURE `ResultNotStorable`, alone and without. */
  record(worker: WorkerId, items: readonly RecordItem[]): Promise<EndedOurs>;
  recordFinal(items: readonly FinalItem[]): Promise<void>;
  /** A task that had been cancelled has no other attempt to come: it ends REVOKED. */
  postpone(worker: WorkerId, items: readonly PostponeItem[]): Promise<EndedOurs>;
  /**
   * {@link record} or {@link postpone} of attempts that free slots of limits, and in the same transaction what the worker wishes with
   * those that get the slots.
   * @throws ValueRefusedError nothing was written: {@link record} isolates the guilty one.
   */
  endHandingOver(worker: { id: WorkerId; name: string }, ends: FreeingEnds, wish: HandOverWish): Promise<HandedOver>;
  postponeUnclaimed(items: readonly UnclaimedPostponeItem[]): Promise<void>;
  /**
   * Passes tasks on that this worker cannot run, to those that can: each waits for a growing pause, shorter while a live worker serves
   * it. Claims that are given go with it; no attempt is counted. What is not answered was not passed on: ask {@link claimStates}.
   */
  passOn(items: readonly PassOnItem[], limits: PassOnLimits): Promise<PassedOn[]>;
  /** Latest progress; quietly nothing where the claim is no longer ours. */
  progress(worker: WorkerId, items: readonly ProgressItem[]): Promise<void>;
  /** Adds errors that nobody caught to the rows of their tasks, ended or not. A task without a row has none to add them to. */
  noteEscaped(items: readonly EscapedItem[]): Promise<void>;
  /** Ends an unclaimed task that was cancelled, or whose expiry passed; the state it has now. */
  endUnclaimed(id: string): Promise<TaskState | undefined>;
  /** Cancels up to 500 tasks in one statement: at once those that wait; one that runs is asked to end, by its holder. In no order. */
  revokeMany(ids: readonly string[], by: RevokedBy): Promise<RevokedTask[]>;
  /** Cancel requests for running tasks of this worker, with their actors and reasons. */
  cancelRequested(
    worker: WorkerId,
    claims: readonly { id: string; claimNo: number }[],
  ): Promise<{ id: string; actor: string | null; reason: string | null }[]>;

  get(id: string): Promise<TaskRow | undefined>;
  /** Those of these tasks that have a row, in no order, in one query. For up to some hundred. */
  getMany(ids: readonly string[]): Promise<TaskRow[]>;
  /** Those of these tasks that have ended, in one query. For callers that wait for many. */
  finished(ids: readonly string[]): Promise<TaskRow[]>;
}
