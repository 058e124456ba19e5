import { hasCode, toError } from '@lovage/foundation';
import type { FiringPlan, FiringTask, Log, ScheduleRow } from '@lovage/ports';
import {
  acceptInput,
  nextMoment,
  type AnyContract,
  type ContractRegistry,
  type ScheduleOptions,
  type StoredSchedule,
} from '@lovage/task';
import { decide } from '../plan/decide.ts';

/** Checks an input and makes the row of its task, as every submit does: `prepareRow` of libs/client. `now`: ms since the epoch. */
export type PrepareTask = (
  contract: AnyContract,
  input: unknown,
  options: ScheduleOptions & { readonly scheduledFor: Date },
  now: number,
) => FiringTask;

export interface FiringPlannerOptions {
  readonly contracts: ContractRegistry;
  readonly prepare: PrepareTask;
  readonly log: Log;
}

/** What one look at the schedules came to. */
export interface PlannedFirings {
  readonly plans: readonly FiringPlan[];
  /** The next moment of any schedule, by Postgres' clock; undefined when there is none. */
  readonly nextAt: number | undefined;
}

interface Remembered {
  readonly revision: number;
  readonly decidedUntil: number;
  readonly next: number | undefined;
}

/** Makes plans of schedules as they stand. */
export class FiringPlanner {
  /** Next moments: computing one costs some 80 µs, and most looks find nothing new. */
  private readonly known = new Map<string, Remembered>();
  /** Complained about, by name, at this revision. */
  private readonly hopeless = new Map<string, number>();

  constructor(private readonly options: FiringPlannerOptions) {}

  /** @param now Postgres' time, ms since the epoch. */
  plan(schedules: readonly ScheduleRow[], now: number): PlannedFirings {
    const plans: FiringPlan[] = [];
    let nextAt = Infinity;
    for (const schedule of schedules) {
      if (!schedule.enabled || schedule.pausedAt !== null) continue;
      try {
        let next = this.nextOf(schedule, schedule.decidedUntil);
        if (next !== undefined && next <= now) {
          const plan = this.planOf(schedule, now);
          if (plan) plans.push(plan);
          next = nextMoment(schedule.definition.timing, plan?.decidedUntil ?? now);
        }
        nextAt = Math.min(nextAt, next ?? Infinity);
      } catch (error) {
        this.complain(schedule, error);
      }
    }
    return { plans, nextAt: nextAt === Infinity ? undefined : nextAt };
  }

  /** Tells once a revision that a schedule cannot fire here. */
  complain({ name, revision }: Pick<ScheduleRow, 'name' | 'revision'>, error: unknown): void {
    if (this.hopeless.get(name) === revision) return;
    this.hopeless.set(name, revision);
    const reason = hasCode(error, 'contract_unknown')
      ? 'its contract is not known to this beat'
      : `${toError(error).message}`;
    this.options.log.error({ err: error, schedule: name }, `a schedule cannot fire: ${reason}`);
  }

  private planOf(schedule: ScheduleRow, now: number): FiringPlan | undefined {
    const { name, revision, definition } = schedule;
    const { timing, catchUp, options } = definition;
    const decision = decide(timing, catchUp, schedule.decidedUntil, now);
    if (!decision) return undefined;
    const { fire, decidedUntil, missed } = decision;
    if (missed)
      this.options.log.warn(
        { schedule: name, since: new Date(schedule.decidedUntil).toISOString(), catchUp, firing: fire.length },
        'moments of a schedule passed while nothing fired it',
      );
    const contract = this.options.contracts.get(definition.contract);
    const input = inputFor(contract, definition);
    const firings = fire.map((dueAt) => ({
      dueAt,
      ...this.options.prepare(contract, input, { ...options, scheduledFor: new Date(dueAt) }, now),
    }));
    return { schedule: name, revision, decidedUntil, firings };
  }

  private nextOf({ name, revision, definition }: ScheduleRow, decidedUntil: number): number | undefined {
    const known = this.known.get(name);
    if (known?.revision === revision && known.decidedUntil === decidedUntil) return known.next;
    const next = nextMoment(definition.timing, decidedUntil);
    this.known.set(name, { revision, decidedUntil, next });
    return next;
  }
}

/**
 * The input as this beat's contract takes it: one that people gave may be of another version.
 * @throws InputMisfitError it is of a newer version, which beats that know it fire; or no rule leads from its version to this one.
 */
function inputFor(contract: AnyContract, { input, stamp }: StoredSchedule): unknown {
  if (stamp === undefined || stamp === contract.stamp || typeof input !== 'object' || input === null) return input;
  return acceptInput(contract, input as Readonly<Record<string, unknown>>, stamp);
}
