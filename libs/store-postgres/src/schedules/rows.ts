import type { Firing, PastFiring, ScheduleRow } from '@lovage/ports';
import type { StoredSchedule, TaskState } from '@lovage/task';

/** A row of `schedules` as `pg` gives it. */
export interface RawSchedule {
  name: string;
  definition: StoredSchedule;
  source: 'code' | 'api';
  revision: number;
  enabled: boolean;
  paused_at: Date | null;
  paused_by: string | null;
  decided_until: Date;
  /** Only where it was asked for. */
  stated?: boolean;
  seen_at: Date | null;
  last_due_at: Date | null;
  last_fired_at: Date | null;
  last_task_id: string | null;
  updated_at: Date;
  [column: string]: unknown;
}

/** A row of `firings` as `pg` gives it. */
export interface RawFiring {
  schedule: string;
  due_at: Date;
  trigger: Firing['trigger'];
  task_id: string;
  fired_at: Date;
  [column: string]: unknown;
}

export function toScheduleRow(raw: RawSchedule): ScheduleRow {
  return {
    name: raw.name,
    definition: raw.definition,
    source: raw.source,
    revision: raw.revision,
    enabled: raw.enabled,
    pausedAt: raw.paused_at?.getTime() ?? null,
    pausedBy: raw.paused_by,
    decidedUntil: raw.decided_until.getTime(),
    lastDueAt: raw.last_due_at?.getTime() ?? null,
    lastFiredAt: raw.last_fired_at?.getTime() ?? null,
    lastTaskId: raw.last_task_id,
    stated: raw.stated ?? false,
    seenAt: raw.seen_at?.getTime() ?? null,
    updatedAt: raw.updated_at.getTime(),
  };
}

export function toFiring(raw: RawFiring): Firing {
  return {
    schedule: raw.schedule,
    dueAt: raw.due_at.getTime(),
    trigger: raw.trigger,
    taskId: raw.task_id,
    firedAt: raw.fired_at.getTime(),
  };
}

/** The same with its task, where that is still kept. */
export interface RawPastFiring extends RawFiring {
  task_state: TaskState | null;
  task_started_at: Date | null;
  task_finished_at: Date | null;
}

export function toPastFiring(raw: RawPastFiring): PastFiring {
  const { task_state: state, task_started_at: startedAt, task_finished_at: finishedAt } = raw;
  const task = state && {
    state,
    startedAt: startedAt?.getTime() ?? null,
    finishedAt: finishedAt?.getTime() ?? null,
  };
  return { ...toFiring(raw), task };
}
