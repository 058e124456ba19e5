import type { FinalItem, FollowUps, PostponeItem, RecordItem, UnclaimedPostponeItem } from '@lovage/ports';
import type { TaskErrorDocument } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { Outcome } from '../run/outcome.ts';

// How an attempt ended, as the store takes it. An outcome is storable: nothing here can throw.

export interface Ended<O extends Outcome = Outcome> {
  readonly entry: TaskEntry;
  readonly outcome: O;
  /** What is written with it. Default: nothing. */
  readonly followUps?: FollowUps | undefined;
}

/**
 * The record of an attempt's end is dealt with. `recorded`: it is written, as ours; `outcome` is what was written. `too_late`: the task
 * is in other hands, or over, and the result was dropped. `released`: it could not be written, and the worker stops: its claim was
 * released. `requeue`: it is not written, and its message is to be delivered again. `unstorable`: Postgres keeps nothing of the task.
 */
export interface SettledRecord extends Ended {
  readonly kind: 'recorded' | 'too_late' | 'released' | 'requeue' | 'unstorable';
}

export type Postponed = Extract<Outcome, { kind: 'postponed' }>;
export type Over = Exclude<Outcome, { kind: 'postponed' }>;

export function isPostponed(ended: Ended): ended is Ended<Postponed> {
  return ended.outcome.kind === 'postponed';
}

export function isOver(ended: Ended): ended is Ended<Over> {
  return ended.outcome.kind !== 'postponed';
}

/** Of an attempt that ended for good. */
export const STATES = { succeeded: 'SUCCESS', failed: 'FAILURE', revoked: 'REVOKED', dead: 'DEAD' } as const;

/** Released at a stop; without a row to keep that, the message itself is requeued. */
export function isRequeue(outcome: Outcome): boolean {
  return outcome.kind === 'postponed' && outcome.how === 'release' && outcome.delayMs === 0;
}

// Field by field: put together by spreading, an object costs ten times as much.
export function toRecordItem({ entry, outcome, followUps }: Ended<Over>): RecordItem {
  const succeeded = outcome.kind === 'succeeded';
  return {
    id: entry.id,
    claimNo: entry.claimNo,
    limitKey: entry.limits?.concurrency?.key,
    state: STATES[outcome.kind],
    result: succeeded ? outcome.result : null,
    error: succeeded ? null : errorJson(outcome.error),
    followUps,
  };
}

export function toFinalItem({ entry, outcome }: Ended<Over>, worker: string): FinalItem {
  const { state, result, error } = toRecordItem({ entry, outcome });
  return { task: entry.newTask, state, result, error, retries: entry.retries, worker, startedAt: entry.startedAt };
}

export function toPostponeItem({ entry, outcome }: Ended<Postponed>): PostponeItem {
  return {
    id: entry.id,
    claimNo: entry.claimNo,
    limitKey: entry.limits?.concurrency?.key,
    kind: outcome.how,
    group: outcome.group,
    delayMs: outcome.delayMs,
    error: errorJson(outcome.error),
  };
}

export function toUnclaimedPostpone({ entry, outcome }: Ended<Postponed>): UnclaimedPostponeItem {
  const kind = outcome.how === 'release' || outcome.how === 'suspect' ? 'snooze' : outcome.how;
  return {
    ...entry.newTask,
    generation: entry.task.generation,
    retries: entry.retries + (kind === 'retry' ? 1 : 0),
    crashes: entry.crashes + (kind === 'crash' ? 1 : 0),
    kind,
    delayMs: outcome.delayMs,
  };
}

/** The same attempt without what could not be written of it. */
export function withoutValue({ entry, outcome }: Ended, reason: string): Ended {
  const said =
    outcome.kind === 'postponed' ? `asked for another attempt (${outcome.how})` : `ended ${STATES[outcome.kind]}`;
  const error = { type: 'ResultNotStorable', message: `the task ${said}, but its value cannot be stored: ${reason}` };
  return { entry, outcome: outcome.kind === 'postponed' ? { ...outcome, error } : { kind: 'failed', error } };
}

/** Results of one statement, characters: each may double there, and V8 ends the process at a text of 512 MiB. */
const MAX_RESULTS = 16 * 1024 ** 2;

/** Parts in which no id stands twice, and whose results are no larger than one statement should be; nearly always the one part given. */
export function inParts<T extends Ended>(ended: readonly T[]): (readonly T[])[] {
  if (ended.length < 2) return ended.length === 0 ? [] : [ended];
  const seen = new Set<string>();
  const first: T[] = [];
  const later: T[] = [];
  let size = 0;
  for (const one of ended) {
    const { entry, outcome } = one;
    if (outcome.kind === 'succeeded') size += outcome.result.length;
    if (seen.has(entry.id) || (size > MAX_RESULTS && first.length > 0)) later.push(one);
    else {
      seen.add(entry.id);
      first.push(one);
    }
  }
  return later.length === 0 ? [ended] : [first, ...inParts(later)];
}

function errorJson(error: TaskErrorDocument | null): string | null {
  return error && JSON.stringify(error);
}

/** An attempt that was recorded. */
export interface EndedAttempt {
  /** Of the contract; undefined when this worker serves none of that name. */
  readonly name: string | undefined;
  readonly queue: string;
  readonly outcome: 'SUCCESS' | 'FAILURE' | 'REVOKED' | 'RETRY' | 'SNOOZED' | 'RELEASED' | 'CRASHED' | 'DEAD';
  /** How long the handler ran, ms. */
  readonly runMs: number;
  /**
   * From when it could have run to when it did, ms, by the clocks of who submitted it and of this worker; undefined for later
   * attempts, and where the message tells no time.
   */
  readonly waitMs: number | undefined;
}

const POSTPONED = {
  retry: 'RETRY',
  snooze: 'SNOOZED',
  release: 'RELEASED',
  crash: 'CRASHED',
  suspect: 'CRASHED',
} as const;
/** The version of a UUID that begins with its time of making. */
const TIMED = /^.{14}7/;

export function endedAttempt(entry: TaskEntry, outcome: Outcome): EndedAttempt {
  return {
    name: entry.binding?.contract.name,
    queue: entry.newTask.queue,
    outcome: outcome.kind === 'postponed' ? POSTPONED[outcome.how] : STATES[outcome.kind],
    runMs: Math.max(0, entry.endedAt - entry.startedAt),
    waitMs: waitOf(entry),
  };
}

function waitOf({ task, newTask, startedAt, id }: TaskEntry): number | undefined {
  if (task.generation > 0 || task.retries > 0) return undefined;
  const madeAt = TIMED.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
  const due = newTask.eta ?? madeAt;
  return due === undefined ? undefined : Math.max(0, startedAt - due);
}
