import type { StoredSchedule, TaskState } from '@lovage/task';
import type { UniqueKey } from './submit-keys.ts';
import type { NewTask } from './task.ts';

/** A schedule as it stands. Times are ms since the epoch. */
export interface ScheduleRow {
  readonly name: string;
  readonly definition: StoredSchedule;
  /** Who states it: the code of a beat, whose beats fire it; or people, by the API: every beat that has its contract fires it. */
  readonly source: 'code' | 'api';
  /** Raised by each change of what it is; a plan made for another revision does nothing. */
  readonly revision: number;
  readonly enabled: boolean;
  readonly pausedAt: number | null;
  /** User who paused it. */
  readonly pausedBy: string | null;
  /** Every moment up to this one is decided: fired, or never to fire. */
  readonly decidedUntil: number;
  /** The newest firing, also when its record is past retention. */
  readonly lastDueAt: number | null;
  readonly lastFiredAt: number | null;
  readonly lastTaskId: string | null;
  /** A beat that runs states it so: else nobody fires one of the code. Told by {@link ScheduleStore.read}; false elsewhere. */
  readonly stated: boolean;
  /** When a beat was last seen that does; null: not since that is noted. */
  readonly seenAt: number | null;
  readonly updatedAt: number;
}

/** A schedule as the code, or people, state it. */
export interface MirroredSchedule {
  readonly name: string;
  readonly definition: StoredSchedule;
  readonly enabled: boolean;
}

/** What is to become of a schedule's moments up to a time: those listed fire, the others never will. */
export interface FiringPlan {
  readonly schedule: string;
  readonly revision: number;
  /** ms since the epoch. In the future of Postgres' clock: the plan does nothing. */
  readonly decidedUntil: number;
  /** In order of their times; none later than `decidedUntil`. */
  readonly firings: readonly ({ readonly dueAt: number } & FiringTask)[];
}

/** The task of a firing, and what it must be unique by. */
export interface FiringTask {
  readonly task: NewTask;
  readonly unique?: UniqueKey | undefined;
}

/** One moment of a schedule and the task it became. */
export interface Firing {
  readonly schedule: string;
  /** ms since the epoch; of a manual one: when it was asked for. */
  readonly dueAt: number;
  readonly trigger: 'schedule' | 'manual';
  /** Where a task of the same work conflicted: that one. */
  readonly taskId: string;
  readonly firedAt: number;
}

/** A firing with what became of its task. */
export interface PastFiring extends Firing {
  /** Null: the task is deleted by age, or its row is not written yet. */
  readonly task: {
    readonly state: TaskState;
    readonly startedAt: number | null;
    readonly finishedAt: number | null;
  } | null;
}

/** Place in a schedule's history. */
export type FiringKey = Pick<Firing, 'dueAt' | 'trigger'>;

/**
 * Schedules and their firings. Every time that decides something is Postgres' own. All throw `StoreUnavailableError` when
 * Postgres cannot be reached; every call but `runNow` may be repeated.
 */
export interface ScheduleStore {
  /**
   * Takes over what the code of a beat states, and notes that such a beat runs: to be repeated every 10 s or so. What is new, or
   * has new moments, begins now: earlier moments are not missed. A pause stays. What the code does not know is left alone.
   * One that people have made stays as it is while it is there, whatever code has its name.
   * Resolves to the names that changed, to those of which newer code, that still runs, states something else, and to those that
   * people have made.
   */
  mirror(schedules: readonly MirroredSchedule[]): Promise<{ changed: string[]; older: string[]; ofPeople: string[] }>;
  /**
   * A schedule that people make; it begins now. `'exists'`: there is one of this name; `'too_many'`: people have made `most` already.
   */
  create(schedule: MirroredSchedule, most: number): Promise<ScheduleRow | 'exists' | 'too_many'>;
  /**
   * Replaces a schedule that people made, if it is still of this revision; undefined: it is not, or there is none. With other
   * moments, or enabled again, it begins now.
   */
  change(schedule: MirroredSchedule, revision: number): Promise<ScheduleRow | undefined>;
  /** Removes a schedule; false while a beat states it, which would restore it; undefined when there is no such schedule. */
  remove(schedule: string): Promise<boolean | undefined>;
  /** All that are not removed, by name, and Postgres' time, ms since the epoch. */
  read(): Promise<{ now: number; schedules: ScheduleRow[] }>;
  /**
   * Firings, their tasks and their messages in the outbox, in one transaction. A moment fires once, whichever beat asks and however
   * often; one that is not due by Postgres' clock, or belongs to a schedule that was changed, paused or removed meanwhile,
   * does not. Where another task of the same work conflicts, the firing stands for that one: also where its rule is to
   * reject, since there is nobody to tell. Resolves to those that fired by this call.
   */
  fire(plans: readonly FiringPlan[]): Promise<Firing[]>;
  /**
   * A firing now, also of a paused or disabled schedule; undefined when there is no such schedule.
   * @throws TaskNotUniqueError nothing was fired.
   */
  runNow(schedule: string, firing: FiringTask): Promise<Firing | undefined>;
  /** Idempotent: the first pause stays. */
  pause(schedule: string, by: string | null): Promise<ScheduleRow | undefined>;
  /** Idempotent. Moments that passed during the pause are not missed. */
  resume(schedule: string): Promise<ScheduleRow | undefined>;
  /** Newest first; `before` is the last of the page before. Also of a schedule that was removed. */
  firings(schedule: string, options: { limit: number; before?: FiringKey }): Promise<PastFiring[]>;
}
