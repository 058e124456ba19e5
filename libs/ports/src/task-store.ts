import type { TaskErrorDocument, TaskExtra, TaskState, TerminalState } from '@lovage/task';
import type { FreeingEnds, HandedOver, HandOverWish } from './hand-over.ts';
import type { PassedOn, PassOnItem, PassOnLimits } from './pass-on.ts';
import type { SqlTransaction } from './sql-transaction.ts';
import type { SubmitKeys, UniqueKey } from './submit-keys.ts';

/** UUID of one start of one worker process. With a counter of its own it makes a claim unique for ever. */
export type WorkerId = string;

/** Name of a row whose message tells none. */
export const UNREADABLE_NAME = '(unreadable)';

/**
 * A task as it is submitted: everything needed to make its message (again).
 * JSON fields travel as text, made once; the store never parses them.
 */
export interface NewTask {
  readonly id: string;
  /** The id on the wire when it is no UUID (a Celery caller's own); else null. */
  readonly wireId: string | null;
  readonly name: string;
  readonly queue: string;
  /** JSON text of the input object; null when the message carries positional arguments instead (kept in `message`). */
  readonly input: string | null;
  /** JSON text of what the columns do not tell: reply address, time limits, foreign arguments, extra headers. Null when there is nothing. */
  readonly message: string | null;
  readonly userId: string | null;
  readonly parentId: string | null;
  readonly rootId: string | null;
  readonly retriedFrom: string | null;
  /** ms since the epoch. */
  readonly eta: number | null;
  readonly expiresAt: number | null;
  /** As submitted, 0 to 9; null: none. Celery's producers may state up to 255. */
  readonly priority: number | null;
  /** What the input was made for: contract version and schema fingerprint (libs/task, `Stamp`). Null or left out: nobody said. */
  readonly stamp?: string | null;
  /** JSON text of a {@link TaskExtra}. Null or left out: nothing of it. */
  readonly extra?: string | null;
}

/**
 * How an error got away that nobody caught: `rejection` of a promise that nobody awaits, or `exception` from a timer, a callback, an
 * event without a listener.
 */
export type EscapedKind = 'rejection' | 'exception';

/** What is kept of the errors of a task's code that nobody caught. */
export interface EscapedRecord {
  readonly count: number;
  readonly last: {
    readonly kind: EscapedKind;
    /** ISO 8601, by the worker's clock. */
    readonly at: string;
    readonly attempt: number;
    readonly error: TaskErrorDocument;
  };
}

/** Errors of one task that nobody caught, since the last that were noted. */
export interface EscapedItem {
  readonly id: string;
  readonly count: number;
  /** JSON text of {@link EscapedRecord.last}. */
  readonly last: string;
}

/** A task row as read. Times are ms since the epoch; JSON fields are parsed. */
export interface TaskRow {
  readonly id: string;
  readonly wireId: string | null;
  readonly name: string;
  readonly queue: string;
  readonly state: TaskState;
  readonly turn: number;
  readonly retries: number;
  readonly suspected: number;
  /** Deaths of the child that ran it. */
  readonly crashes: number;
  /** It runs in quarantine, in a group of at most so many. Left out or null: it does not, unless a child died of it. */
  readonly quarantineGroup?: number | null;
  readonly input: unknown;
  readonly message: unknown;
  readonly result: unknown;
  readonly error: TaskErrorDocument | null;
  /** Left out or null: none. */
  readonly escaped?: EscapedRecord | null;
  readonly progress: unknown;
  /** Name of the worker that runs it or ran it last. */
  readonly worker: string | null;
  readonly userId: string | null;
  readonly parentId: string | null;
  readonly rootId: string | null;
  readonly retriedFrom: string | null;
  readonly eta: number | null;
  readonly expiresAt: number | null;
  readonly priority: number | null;
  /** As {@link NewTask.stamp}. */
  readonly stamp?: string | null;
  /** Left out or null: nothing of it. */
  readonly extra?: TaskExtra | null;
  readonly cancelAt: number | null;
  readonly cancelBy: string | null;
  readonly cancelWhy: string | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

/** A message that asks to run: the claim either marks its row, or makes it from these facts. */
export interface ClaimItem {
  readonly task: NewTask;
  /** Turn of the message; -1 when it carries none (a Python producer): never stale. */
  readonly turn: number;
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
export interface TaskSituation {
  readonly row: TaskRow;
  readonly claimWorker: WorkerId | null;
  readonly claimNo: number | null;
  /** Meaningful with a claim: its worker's lease runs and its session lock is held. */
  readonly holderAlive: boolean;
  readonly expired: boolean;
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

/** An attempt that ends with another to come: the turn is raised, the next message goes into the outbox. */
export interface PostponeItem {
  readonly id: string;
  readonly claimNo: number;
  /** As in {@link RecordItem}. */
  readonly limitKey?: string | undefined;
  /**
   * `retry`: failed, costs budget → `RETRY`. `snooze`: asked for → `SCHEDULED`. `release`: handed back at shutdown → `QUEUED`.
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
  /** Turn of the message that was run. */
  readonly turn: number;
  /** Failures so far that cost budget, this one included. */
  readonly retries: number;
  /** Deaths of children so far, this one included. */
  readonly crashes: number;
  readonly kind: 'retry' | 'snooze' | 'crash';
  readonly delayMs: number;
}

export interface ProgressItem {
  readonly id: string;
  readonly claimNo: number;
  /** JSON text. */
  readonly progress: string;
}

/** Who calls tasks off. */
export interface RevokedBy {
  /** A user's id, or what the caller calls itself; kept with the task. */
  readonly who: string | null;
  readonly why: string | null;
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

/** The answer to whoever waits for a task that ended REVOKED before a worker had it. */
export interface RevokedReply {
  readonly address: string;
  readonly correlationId: string;
  /** The id on the wire. */
  readonly taskId: string;
  readonly error: TaskErrorDocument;
}

/**
 * The ids of attempts that were ours to end. With an error: the task had been called off before, so it ended REVOKED with
 * that error, whatever its handler came to; null: it ended as given.
 */
export type EndedOurs = ReadonlyMap<string, TaskErrorDocument | null>;

export type RevokeOutcome =
  /** It had not started: it is REVOKED now. */
  | { readonly kind: 'revoked' }
  /** It runs; the mark is set, the worker that holds it ends it. With `waitingOnly` it was left alone. */
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
  /** Not fresh because another task of the same uniqueness key is in the way. */
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
   * Row and outbox in one transaction, for a task that is not with the broker yet. With a key, the first submit wins; a task
   * that must be unique is inserted when no other one is in the way.
   * @param delayMs when the message is due; 0 = now.
   * @param leaseMs the caller publishes it itself within this time; 0 leaves it to the relay.
   * @throws TaskNotUniqueError nothing was stored.
   */
  insertFirst(task: NewTask, options: { delayMs: number; leaseMs: number } & SubmitKeys): Promise<SubmittedFirst>;
  /**
   * Many such tasks in one commit, each with an outcome of its own, in their order: what {@link insertFirst} throws of one is told of
   * that one. Of several with one key the first one makes the task. None of them waits long for a transaction of somebody else's.
   */
  insertFirstEach(items: readonly FirstItem[]): Promise<FirstOutcome[]>;
  /**
   * Many such tasks in one commit, for the relay to send, each after its delay; returns the ids of those inserted. One whose id is
   * there already is left as it is, so the same ids may be given again. Those that must be unique come after the others, each for
   * itself; one that meets another task of the same work, and is not to replace it, is not inserted.
   */
  insertFirstMany(
    items: readonly { readonly task: NewTask; readonly delayMs: number; readonly unique?: UniqueKey | undefined }[],
  ): Promise<string[]>;
  /**
   * What {@link insertFirst} does within a transaction of the caller's: it holds when that is committed, and the relay sends the message then.
   * Throws what the caller's connection throws, and TaskNotUniqueError. Others who submit the same keys wait for its end.
   */
  insertFirstIn(
    transaction: SqlTransaction,
    task: NewTask,
    options: { delayMs: number } & SubmitKeys,
  ): Promise<SubmittedFirst>;

  /** Marks tasks as run by this worker. What is not returned was not granted: ask {@link situations}. */
  claim(
    worker: { id: WorkerId; name: string },
    items: readonly ClaimItem[],
    options: { durable: boolean; suspects?: boolean },
  ): Promise<ClaimedTask[]>;
  situations(ids: readonly string[]): Promise<TaskSituation[]>;
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

  /** Ends attempts. A value that Postgres cannot keep ends its task as FAILURE `ResultNotStorable`, alone. */
  record(worker: WorkerId, items: readonly RecordItem[]): Promise<EndedOurs>;
  recordFinal(items: readonly FinalItem[]): Promise<void>;
  /** A task that had been called off has no other attempt to come: it ends REVOKED. */
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
   * it. Claims that are given go with it; no attempt is counted. What is not answered was not passed on: ask {@link situations}.
   */
  passOn(items: readonly PassOnItem[], limits: PassOnLimits): Promise<PassedOn[]>;
  /** Latest progress; quietly nothing where the claim is no longer ours. */
  progress(worker: WorkerId, items: readonly ProgressItem[]): Promise<void>;
  /** Adds errors that nobody caught to the rows of their tasks, ended or not. A task without a row has none to add them to. */
  noteEscaped(items: readonly EscapedItem[]): Promise<void>;
  /** Ends an unclaimed task that was cancelled, or whose expiry passed; the state it has now. */
  endUnclaimed(id: string): Promise<TaskState | undefined>;
  /** Calls a task off: at once if it waits; one that runs gets the mark, and its holder ends it. */
  revoke(id: string, by: RevokedBy): Promise<RevokeOutcome>;
  /** The same of up to 500 tasks in one statement, in no order. */
  revokeMany(ids: readonly string[], by: RevokedBy): Promise<RevokedTask[]>;
  /** Those of this worker's running tasks that were called off, by whom and why. */
  marked(
    worker: WorkerId,
    claims: readonly { id: string; claimNo: number }[],
  ): Promise<{ id: string; by: string | null; why: string | null }[]>;

  get(id: string): Promise<TaskRow | undefined>;
  /** Those of these tasks that have a row, in no order, in one query. For up to some hundred. */
  getMany(ids: readonly string[]): Promise<TaskRow[]>;
  /** Those of these tasks that have ended, in one query. For whoever waits for many. */
  finished(ids: readonly string[]): Promise<TaskRow[]>;
}
