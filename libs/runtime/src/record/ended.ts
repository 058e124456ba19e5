import type { FinalItem, PostponeItem, RecordItem, UnclaimedPostponeItem } from '@lovage/ports';
import type { TaskErrorDocument, TerminalState } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { Outcome } from '../run/outcome.ts';

// How an attempt ended, as the store takes it. An outcome is storable: nothing here can throw.

export interface Ended<O extends Outcome = Outcome> {
  readonly entry: TaskEntry;
  readonly outcome: O;
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

/** Handed back at a stop without a row to keep it: the message itself goes back. */
export function isHandBack(outcome: Outcome): boolean {
  return outcome.kind === 'postponed' && outcome.how === 'release' && outcome.delayMs === 0;
}

export function toRecordItem({ entry, outcome }: Ended<Over>): RecordItem {
  return {
    id: entry.id,
    claimNo: entry.claimNo,
    limitKey: entry.limits?.concurrency?.key,
    ...terminalColumns(outcome),
  };
}

export function toFinalItem({ entry, outcome }: Ended<Over>, worker: string): FinalItem {
  const { state, result, error } = terminalColumns(outcome);
  return { task: entry.facts, state, result, error, retries: entry.retries, worker, startedAt: entry.startedAt };
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
    ...entry.facts,
    turn: entry.task.turn,
    retries: entry.retries + (kind === 'retry' ? 1 : 0),
    crashes: entry.crashes + (kind === 'crash' ? 1 : 0),
    kind,
    delayMs: outcome.delayMs,
  };
}

/** The same attempt without what could not be written of it. */
export function withoutValue({ entry, outcome }: Ended, why: string): Ended {
  const said =
    outcome.kind === 'postponed' ? `asked for another attempt (${outcome.how})` : `ended ${STATES[outcome.kind]}`;
  const error = { type: 'ResultNotStorable', message: `the task ${said}, but its value cannot be stored: ${why}` };
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

function terminalColumns(outcome: Over): { state: TerminalState; result: string | null; error: string | null } {
  return outcome.kind === 'succeeded'
    ? { state: 'SUCCESS', result: outcome.result, error: null }
    : { state: STATES[outcome.kind], result: null, error: errorJson(outcome.error) };
}

function errorJson(error: TaskErrorDocument | null): string | null {
  return error && JSON.stringify(error);
}
