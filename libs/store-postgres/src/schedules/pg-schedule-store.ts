import type {
  Firing,
  FiringKey,
  FiringPlan,
  MirroredSchedule,
  NewTask,
  ScheduleRow,
  ScheduleStore,
} from '@lovage/ports';
import type { Database } from '../database.ts';
import { plainArray, textArray } from '../pg-array.ts';
import { newTaskValues } from '../sql/columns.ts';
import { FIRE, FIRINGS, MIRROR, PAUSE, READ_SCHEDULES, RESUME, RUN_NOW, SCHEDULE_EXISTS } from '../sql/schedules.ts';
import { toFiring, toScheduleRow, type RawFiring, type RawSchedule } from './rows.ts';

/** Schedules and firings on Postgres. */
export class PgScheduleStore implements ScheduleStore {
  constructor(private readonly database: Database) {}

  async mirror(schedules: readonly MirroredSchedule[]): Promise<{ changed: string[]; removed: string[] }> {
    const rows = await this.database.run<{ name: string; removed: boolean }>(MIRROR, [
      textArray(schedules.map(({ name }) => name)),
      textArray(schedules.map(({ definition }) => JSON.stringify(definition))),
      textArray(schedules.map(({ definition }) => JSON.stringify(definition.timing))),
      plainArray(schedules.map(({ enabled }) => enabled)),
    ]);
    const names = (removed: boolean) => rows.filter((row) => row.removed === removed).map(({ name }) => name);
    return { changed: names(false), removed: names(true) };
  }

  async read(): Promise<{ now: number; schedules: ScheduleRow[] }> {
    const rows = await this.database.run<RawSchedule & { now_ms: string }>(READ_SCHEDULES, []);
    const schedules = rows.filter(({ name }) => (name as string | null) !== null).map(toScheduleRow);
    return { now: Number(rows[0]!.now_ms), schedules };
  }

  async fire(plans: readonly FiringPlan[]): Promise<Firing[]> {
    const firings = plans.flatMap(({ schedule, firings }) => firings.map((firing) => ({ schedule, ...firing })));
    const rows = await this.database.run<RawFiring>(FIRE, [
      textArray(plans.map(({ schedule }) => schedule)),
      plainArray(plans.map(({ revision }) => revision)),
      plainArray(plans.map(({ decidedUntil }) => decidedUntil)),
      textArray(firings.map(({ schedule }) => schedule)),
      plainArray(firings.map(({ dueAt }) => dueAt)),
      ...newTaskValues(firings.map(({ task }) => task)),
    ]);
    return rows.map(toFiring);
  }

  async runNow(schedule: string, task: NewTask): Promise<Firing | undefined> {
    for (;;) {
      const [raw] = await this.database.run<RawFiring>(RUN_NOW, [schedule, ...newTaskValues([task])]);
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

  async firings(schedule: string, options: { limit: number; before?: FiringKey }): Promise<Firing[]> {
    const { limit, before } = options;
    const values = [schedule, limit, before?.dueAt ?? null, before?.trigger ?? null];
    return (await this.database.run<RawFiring>(FIRINGS, values)).map(toFiring);
  }
}
