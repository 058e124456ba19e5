import type { TaskEntry } from '../entry.ts';
import type { Outcome } from '../run/outcome.ts';

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
const ENDED = { succeeded: 'SUCCESS', failed: 'FAILURE', revoked: 'REVOKED', dead: 'DEAD' } as const;
/** The version of a UUID that begins with its time of making. */
const TIMED = /^.{14}7/;

export function endedAttempt(entry: TaskEntry, outcome: Outcome): EndedAttempt {
  return {
    name: entry.binding?.contract.name,
    queue: entry.facts.queue,
    outcome: outcome.kind === 'postponed' ? POSTPONED[outcome.how] : ENDED[outcome.kind],
    runMs: Math.max(0, entry.endedAt - entry.startedAt),
    waitMs: waitOf(entry),
  };
}

function waitOf({ task, facts, startedAt, id }: TaskEntry): number | undefined {
  if (task.turn > 0 || task.retries > 0) return undefined;
  const madeAt = TIMED.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
  const due = facts.eta ?? madeAt;
  return due === undefined ? undefined : Math.max(0, startedAt - due);
}
