import { backoffDelayMs, Lifecycle, Signal, toError, type BackoffPolicy, type Service } from '@lovage/foundation';
import {
  StoreUnavailableError,
  systemClock,
  type Clock,
  type Firing,
  type FiringPlan,
  type Log,
  type MirroredSchedule,
  type ScheduleRow,
  type ScheduleStore,
} from '@lovage/ports';
import { DefinitionError, storedSchedule, type ContractRegistry, type Schedule } from '@lovage/task';
import { FiringPlanner, type PrepareTask } from './firing-planner.ts';

export interface ScheduleRunnerOptions {
  readonly store: ScheduleStore;
  /** The schedules of the code: they are stored when the runner starts, and it fires them and no others. */
  readonly schedules: readonly Schedule[];
  /** Contracts that schedules may run. */
  readonly contracts: ContractRegistry;
  readonly prepare: PrepareTask;
  readonly log: Log;
  /** Default: the system's. Only its durations are used: what time it is, Postgres says. */
  readonly clock?: Clock;
  /** Longest wait between two looks at the schedules, ms. Default 1000: how late a resume, or a change, may be noticed. */
  readonly maxSleepMs?: number;
  /** Tasks were put into the outbox: tell the relay. */
  readonly onFired?: () => void;
}

const MAX_SLEEP_MS = 1000;
/** Between two notes that this code runs, ms: several before others take it for gone (`CODE_GONE_S`). */
const STATE_EVERY_MS = 10_000;
/** Soon at first, then no rarer than the looks of a day on which nothing fails: what fell due meanwhile is late enough. */
const AFTER_FAILURE: BackoffPolicy = { kind: 'exponential', delayMs: 200, maxDelayMs: MAX_SLEEP_MS, jitter: true };

/**
 * Fires schedules, each moment once, with its task and message in one transaction. Any number may run; there is no leader,
 * so nobody has to notice that one died.
 */
export class ScheduleRunner implements Service {
  /** A look has ended; with what it fired. For tests. */
  readonly looked = new Signal<readonly Firing[]>();
  private readonly lifecycle = new Lifecycle(
    () => this.begin(),
    () => this.end(),
  );
  private readonly clock: Clock;
  private readonly planner: FiringPlanner;
  private callOffTimer: (() => void) | undefined;
  private looking: Promise<void> | undefined;
  private failures = 0;
  private stopped = false;
  private readonly code: readonly MirroredSchedule[];
  /** The same by name, as JSON text, to be compared with what is stored. */
  private readonly stated: ReadonlyMap<string, string>;
  /** When the code was stated last, by the monotonic clock. */
  private statedAt = -Infinity;
  /** Those that newer code states otherwise, as told last. */
  private older = '';
  /** When the next moment comes, by the monotonic clock. */
  private nextAt = Infinity;

  /** @throws DefinitionError when two schedules share a name. */
  constructor(private readonly options: ScheduleRunnerOptions) {
    const { contracts, prepare, log, schedules, clock = systemClock } = options;
    this.clock = clock;
    this.planner = new FiringPlanner({ contracts, prepare, log });
    const names = new Set<string>();
    for (const { name } of schedules) {
      if (names.has(name)) throw new DefinitionError(`two schedules are named ${JSON.stringify(name)}`);
      names.add(name);
    }
    this.code = schedules.map((schedule) => {
      const { name, enabled } = schedule;
      return { name, enabled, definition: storedSchedule(schedule) };
    });
    this.stated = new Map(this.code.map(({ name, definition }) => [name, JSON.stringify(definition)]));
  }

  /** Resolves when the schedules of the code are stored. @throws StoreUnavailableError */
  start(): Promise<void> {
    return this.lifecycle.start();
  }

  /** Waits for the look under way. */
  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  /** Fires what is due, now; resolves to what this runner fired. @throws StoreUnavailableError */
  async runOnce(): Promise<readonly Firing[]> {
    const { store, log, onFired } = this.options;
    if (this.clock.monotonic() - this.statedAt >= STATE_EVERY_MS) await this.state();
    const { now, schedules } = await store.read();
    // Counted from the answer, not from the question: late by a network hop at worst, early never.
    const readAt = this.clock.monotonic();
    const { plans, nextAt } = this.planner.plan(
      schedules.filter((schedule) => this.isMine(schedule)),
      now,
    );
    this.nextAt = nextAt === undefined ? Infinity : readAt + (nextAt - now);
    const fired = plans.length === 0 ? [] : await this.fire(plans);
    for (const { schedule, dueAt, taskId } of fired)
      log.debug({ schedule, dueAt: new Date(dueAt).toISOString(), taskId }, 'fired');
    if (fired.length > 0) onFired?.();
    this.looked.emit(fired);
    return fired;
  }

  private async begin(): Promise<void> {
    await this.state();
    this.look();
  }

  private async state(): Promise<void> {
    const { store, log } = this.options;
    const now = this.clock.monotonic();
    const { changed, older } = await store.mirror(this.code);
    this.statedAt = now;
    if (changed.length > 0) log.info({ changed }, 'schedules taken over from the code');
    if (older.join() === this.older) return;
    this.older = older.join();
    if (older.length > 0)
      log.warn(
        { schedules: older },
        'newer code that runs beside this beat states these schedules otherwise: it fires them',
      );
  }

  /** What other code states is for its beats to fire: a second application's, or a newer version's. */
  private isMine({ name, definition }: ScheduleRow): boolean {
    return this.stated.get(name) === JSON.stringify(definition);
  }

  private async end(): Promise<void> {
    this.stopped = true;
    this.callOffTimer?.();
    await this.looking;
  }

  private look(): void {
    if (this.stopped) return;
    this.looking = this.runOnce().then(
      () => {
        this.failures = 0;
        this.sleep(this.nextAt - this.clock.monotonic());
      },
      (error: unknown) => {
        this.failures += 1;
        this.options.log[this.failures === 1 ? 'warn' : 'debug'](
          { err: toError(error) },
          'schedules cannot be read or fired; tried again',
        );
        this.sleep(backoffDelayMs(AFTER_FAILURE, this.failures));
      },
    );
  }

  private sleep(delayMs: number): void {
    if (this.stopped) return;
    // Timers of Node.js may ring a fraction of a millisecond early; then the look finds nothing, and sleeps again.
    const ms = Math.min(Math.max(Math.ceil(delayMs), 1), this.options.maxSleepMs ?? MAX_SLEEP_MS);
    this.callOffTimer = this.clock.after(ms, () => this.look());
  }

  /** All plans at once; should Postgres refuse one of them, each alone, so that it stops nobody else. */
  private async fire(plans: readonly FiringPlan[]): Promise<Firing[]> {
    const { store } = this.options;
    try {
      return await store.fire(plans);
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      if (plans.length === 1) {
        const [{ schedule: name, revision }] = plans as [FiringPlan];
        this.planner.complain({ name, revision }, error);
        return [];
      }
      const fired: Firing[] = [];
      for (const plan of plans) fired.push(...(await this.fire([plan])));
      return fired;
    }
  }
}
