import { plainArray, textArray } from '@lovage/foundation';
import {
  TaskNotUniqueError,
  type Firing,
  type FiringKey,
  type FiringPlan,
  type FiringTask,
  type MirroredSchedule,
  type PastFiring,
  type ScheduleRow,
  type ScheduleStore,
} from '@lovage/ports';
import type { Database, RunStatement } from '../database.ts';
import { newTaskValues } from '../sql/columns.ts';
import {
  CHANGE_SCHEDULE,
  CREATE_SCHEDULE,
  FIRE,
  FIRINGS,
  HOLD_PLANS,
  MIRROR,
  PAUSE,
  READ_SCHEDULES,
  REMOVE_SCHEDULE,
  RESUME,
  RUN_NOW,
  SCHEDULE_EXISTS,
} from '../sql/schedules.ts';
import { NOTHING_TAKEN, takeKeys, type Taken } from './take-keys.ts';
import { toFiring, toPastFiring, toScheduleRow, type RawFiring, type RawPastFiring, type RawSchedule } from './rows.ts';

/** Schedules and firings on Postgres. */
export class PgScheduleStore implements ScheduleStore {
  constructor(private readonly database: Database) {}

  async mirror(
    schedules: readonly MirroredSchedule[],
  ): Promise<{ changed: string[]; older: string[]; ofPeople: string[] }> {
    const rows = await this.database.run<{ name: string; verdict: 'taken' | 'older' | 'api' }>(MIRROR, [
      textArray(schedules.map(({ name }) => name)),
      textArray(schedules.map(({ definition }) => JSON.stringify(definition))),
      textArray(schedules.map(({ definition }) => JSON.stringify(definition.timing))),
      plainArray(schedules.map(({ enabled }) => enabled)),
    ]);
    const names = (verdict: string) => rows.filter((row) => row.verdict === verdict).map(({ name }) => name);
    return { changed: names('taken'), older: names('older'), ofPeople: names('api') };
  }

  async create(schedule: MirroredSchedule, most: number): Promise<ScheduleRow | 'exists' | 'too_many'> {
    const [raw] = await this.database.run<RawSchedule>(CREATE_SCHEDULE, [...statedValues(schedule), most]);
    if (raw) return toScheduleRow(raw);
    const [question] = await this.database.run<{ there: boolean }>(SCHEDULE_EXISTS, [schedule.name]);
    return question!.there ? 'exists' : 'too_many';
  }

  async change(schedule: MirroredSchedule, revision: number): Promise<ScheduleRow | undefined> {
    const [raw] = await this.database.run<RawSchedule>(CHANGE_SCHEDULE, [...statedValues(schedule), revision]);
    return raw && toScheduleRow(raw);
  }

  async remove(schedule: string): Promise<boolean | undefined> {
    const [row] = await this.database.run<{ removed: boolean }>(REMOVE_SCHEDULE, [schedule]);
    return row?.removed;
  }

  async read(): Promise<{ now: number; schedules: ScheduleRow[] }> {
    const rows = await this.database.run<RawSchedule & { now_ms: string }>(READ_SCHEDULES, []);
    const schedules = rows.filter(({ name }) => (name as string | null) !== null).map(toScheduleRow);
    return { now: Number(rows[0]!.now_ms), schedules };
  }

  async fire(plans: readonly FiringPlan[]): Promise<Firing[]> {
    if (!plans.some(({ firings }) => firings.some(({ unique }) => unique)))
      return this.fireIn((statement, values) => this.database.run(statement, values), plans, NOTHING_TAKEN);
    // Keys are taken for what will fire, and for nothing else: to take one may cancel the task that has it.
    return this.database.transaction(async (run) => {
      const held = await run<{ name: string; decided_ms: string }>(HOLD_PLANS, planValues(plans));
      const decided = new Map(held.map((row) => [row.name, Number(row.decided_ms)]));
      const firing = plans.flatMap(({ schedule, decidedUntil, firings }) =>
        firings.filter(({ dueAt }) => dueAt > (decided.get(schedule) ?? Infinity) && dueAt <= decidedUntil),
      );
      return this.fireIn(run, plans, await takeKeys(run, firing));
    });
  }

  private async fireIn(
    run: RunStatement,
    plans: readonly FiringPlan[],
    taken: ReadonlyMap<string, Taken>,
  ): Promise<Firing[]> {
    const firings = plans.flatMap(({ schedule, firings }) => firings.map((firing) => ({ schedule, ...firing })));
    const rows = await run<RawFiring>(FIRE, [
      ...planValues(plans),
      textArray(firings.map(({ schedule }) => schedule)),
      plainArray(firings.map(({ dueAt }) => dueAt)),
      plainArray(firings.map(({ task, unique }) => (unique && taken.get(unique.key)?.holder) ?? task.id)),
      ...newTaskValues(firings.map(({ task }) => task)),
    ]);
    return rows.map(toFiring);
  }

  async runNow(schedule: string, firing: FiringTask): Promise<Firing | undefined> {
    for (;;) {
      const { raw, conflicting } = firing.unique
        ? await this.database.transaction((run) => runUnique(run, schedule, firing))
        : { raw: (await this.database.run<RawFiring>(RUN_NOW, runNowValues(schedule, firing)))[0] };
      if (conflicting !== undefined) throw new TaskNotUniqueError(firing.task.name, conflicting);
      if (raw) return toFiring(raw);
      const [question] = await this.database.run<{ there: boolean }>(SCHEDULE_EXISTS, [schedule]);
      // Two in one millisecond: the second is of a later one by now.
      if (!question!.there) return undefined;
    }
  }

  async pause(schedule: string, by: string | null): Promise<ScheduleRow | undefined> {
    const [raw] = await this.database.run<RawSchedule>(PAUSE, [schedule, by]);
    return raw && toScheduleRow(raw);
  }

  async resume(schedule: string): Promise<ScheduleRow | undefined> {
    const [raw] = await this.database.run<RawSchedule>(RESUME, [schedule]);
    return raw && toScheduleRow(raw);
  }

  async firings(schedule: string, options: { limit: number; before?: FiringKey }): Promise<PastFiring[]> {
    const { limit, before } = options;
    const values = [schedule, limit, before?.dueAt ?? null, before?.trigger ?? null];
    return (await this.database.run<RawPastFiring>(FIRINGS, values)).map(toPastFiring);
  }
}

const statedValues = ({ name, definition, enabled }: MirroredSchedule) => [
  name,
  JSON.stringify(definition),
  JSON.stringify(definition.timing),
  enabled,
];

const planValues = (plans: readonly FiringPlan[]) => [
  textArray(plans.map(({ schedule }) => schedule)),
  plainArray(plans.map(({ revision }) => revision)),
  plainArray(plans.map(({ decidedUntil }) => decidedUntil)),
];

const runNowValues = (schedule: string, { task }: FiringTask, standsFor = task.id) => [
  schedule,
  standsFor,
  ...newTaskValues([task]),
];

/** A firing, or the task that conflicts with one that is to be refused; neither: as with {@link RUN_NOW}. */
async function runUnique(
  run: RunStatement,
  schedule: string,
  firing: FiringTask,
): Promise<{ raw?: RawFiring; conflicting?: string }> {
  const [question] = await run<{ there: boolean }>(SCHEDULE_EXISTS, [schedule]);
  if (!question!.there) return {};
  const { holder, verdict } = (await takeKeys(run, [firing])).get(firing.unique!.key)!;
  if (verdict === 'rejected') return { conflicting: holder };
  // Two of the same millisecond have the same key: the second asks again, and gets one of its own.
  const [raw] = await run<RawFiring>(RUN_NOW, runNowValues(schedule, firing, holder));
  return { raw };
}
