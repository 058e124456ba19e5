import {
  StoreUnavailableError,
  type Firing,
  type FiringPlan,
  type MirroredSchedule,
  type ScheduleRow,
  type ScheduleStore,
} from '@lovage/ports';

/** How a call ends for the beat that makes it. */
export type Fate = 'well' | 'refused' | 'answer-lost';

/** The rules of the store on Postgres (`libs/store-postgres`, whose specs hold it to them), with a clock that a test sets. */
export class MemoryScheduleStore {
  readonly rows = new Map<string, ScheduleRow>();
  readonly fired: Firing[] = [];
  down = false;
  private hops = 0;

  /** @param now Postgres' time. */
  constructor(readonly now: () => number) {}

  /** The store as one beat reaches it. */
  seenBy(fateOf: () => Fate): ScheduleStore {
    const call = async <T>(work: () => T): Promise<T> => {
      await this.hop();
      const fate = this.down ? 'refused' : fateOf();
      if (fate === 'refused') throw new StoreUnavailableError('away');
      const answer = work();
      await this.hop();
      if (fate === 'answer-lost') throw new StoreUnavailableError('gone before it answered');
      return answer;
    };
    const unused = () => Promise.reject(new Error('not expected of a beat'));
    return {
      mirror: (schedules) => call(() => this.mirror(schedules)),
      read: () => call(() => ({ now: this.now(), schedules: [...this.rows.values()] })),
      fire: (plans) => call(() => this.fire(plans)),
      ...{ runNow: unused, firings: unused, remove: unused, create: unused, change: unused },
      pause: (name) => call(() => this.change(name, { pausedAt: this.now() })),
      resume: (name) => call(() => this.change(name, { pausedAt: null, decidedUntil: this.now() })),
    };
  }

  /** Others run between question and work, and between work and answer; now sooner, now later, as over a network. */
  private async hop(): Promise<void> {
    this.hops += 1;
    for (let passes = (this.hops * 7) % 3; passes > 0; passes -= 1)
      await new Promise((resolve) => setImmediate(resolve));
  }

  private mirror(schedules: readonly MirroredSchedule[]): { changed: string[]; older: string[]; ofPeople: string[] } {
    const changed: string[] = [];
    for (const schedule of schedules) {
      if (this.rows.has(schedule.name)) continue;
      changed.push(schedule.name);
      this.rows.set(schedule.name, {
        ...schedule,
        source: 'code',
        ...{ revision: 1, pausedAt: null, pausedBy: null, decidedUntil: this.now(), updatedAt: this.now() },
        ...{ lastDueAt: null, lastFiredAt: null, lastTaskId: null, stated: true, seenAt: this.now() },
      });
    }
    return { changed, older: [], ofPeople: [] };
  }

  private fire(plans: readonly FiringPlan[]): Firing[] {
    const fired: Firing[] = [];
    for (const { schedule, revision, decidedUntil, firings } of plans) {
      const row = this.rows.get(schedule);
      if (row?.revision !== revision || row.pausedAt !== null) continue;
      if (decidedUntil <= row.decidedUntil || decidedUntil > this.now()) continue;
      for (const { dueAt, task } of firings) {
        if (dueAt <= row.decidedUntil || dueAt > decidedUntil) continue;
        fired.push({ schedule, dueAt, trigger: 'schedule', taskId: task.id, firedAt: this.now() });
      }
      this.change(schedule, { decidedUntil });
    }
    this.fired.push(...fired);
    return fired;
  }

  private change(name: string, to: Partial<ScheduleRow>): ScheduleRow {
    const row = { ...this.rows.get(name)!, ...to };
    this.rows.set(name, row);
    return row;
  }
}
