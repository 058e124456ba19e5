import type { FiringDocument, PastFiringDocument, ScheduleDocument } from '@lovage/http-api';
import type { Firing, PastFiring, ScheduleRow } from '@lovage/ports';
import { nextMoments } from '@lovage/scheduler';
import type { Timing } from '@lovage/task';

const NEXT = 5;
const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

/** @param now Postgres' time, ms since the epoch: what decides when it fires. */
export function scheduleDocument(row: ScheduleRow, now: number): ScheduleDocument {
  const { name, definition, enabled, pausedAt, lastDueAt, lastFiredAt, lastTaskId } = row;
  const { contract, input, timing, catchUp, options } = definition;
  const {
    queue = null,
    priority = null,
    expires = null,
    timeLimit = null,
    softTimeLimit = null,
    unique = null,
  } = options;
  const fires = enabled && pausedAt === null && (row.stated || row.source === 'api');
  return {
    name,
    contract,
    input,
    cron: timing.kind === 'cron' ? timing.cron : null,
    timeZone: timing.kind === 'cron' ? timing.timeZone : null,
    every: timing.kind === 'every' ? timing.everyMs / 1000 : null,
    catchUp,
    options: {
      queue,
      priority,
      expires,
      timeLimit,
      softTimeLimit,
      unique: typeof unique === 'object' && unique ? { ...unique } : unique,
    },
    enabled,
    paused: pausedAt === null ? null : { at: iso(pausedAt), actor: row.pausedBy },
    nextFirings: fires ? nextFirings(timing, Math.max(now, row.decidedUntil)) : [],
    lastFiring:
      lastDueAt === null || lastFiredAt === null || lastTaskId === null
        ? null
        : { dueAt: iso(lastDueAt), firedAt: iso(lastFiredAt), taskId: lastTaskId },
    source: row.source,
    revision: row.revision,
    stated: row.stated,
    seenAt: isoOrNull(row.seenAt),
    updatedAt: iso(row.updatedAt),
  };
}

/** The next moments after a time, for people. */
export function nextFirings(timing: Timing, after: number): string[] {
  return nextMoments(timing, after, NEXT).map(iso);
}

export function firingDocument({ dueAt, trigger, firedAt, taskId }: Firing): FiringDocument {
  return { dueAt: iso(dueAt), trigger, firedAt: iso(firedAt), taskId };
}

export function pastFiringDocument({ task, ...firing }: PastFiring): PastFiringDocument {
  return {
    ...firingDocument(firing),
    task: task && {
      state: task.state,
      startedAt: isoOrNull(task.startedAt),
      finishedAt: isoOrNull(task.finishedAt),
    },
  };
}
