import { isolate, Lifecycle, Signal, type BackoffPolicy, type Service } from '@lovage/foundation';
import {
  StoreUnavailableError,
  systemClock,
  Ticker,
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
  /** The schedules of the code: they are stored when the runner starts. It fires them, and those that people made of its contracts. */
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
    () => this.ticker.stop(),
  );
  private readonly clock: Clock;
  private readonly planner: FiringPlanner;
  private readonly ticker: Ticker;
  private readonly code: readonly MirroredSchedule[];
  /** The same by name, as JSON text, to be compared with what is stored. */
  private readonly stated: ReadonlyMap<string, string>;
  /** When the code was stated last, by the monotonic clock. */
  private statedAt = -Infinity;
  /** Those that newer code, and those that people, state otherwise, as told last. */
  private older = '';
  private ofPeople = '';
  /** When the next moment comes, by the monotonic clock. */
  private nextAt = Infinity;

  /** @throws DefinitionError when two schedules share a name. */
  constructor(private readonly options: ScheduleRunnerOptions) {
    const { contracts, prepare, log, schedules, clock = systemClock } = options;
    this.clock = clock;
    this.planner = new FiringPlanner({ contracts, prepare, log });
    const { maxSleepMs = MAX_SLEEP_MS } = options;
    this.ticker = new Ticker({
      everyMs: maxSleepMs,
      clock,
      run: async () => {
        await this.runOnce();
        // Timers of Node.js may fire a fraction of a millisecond early; then the look finds nothing, and sleeps again.
        return Math.min(Math.max(Math.ceil(this.nextAt - clock.monotonic()), 1), maxSleepMs);
      },
      log,
      failure: 'schedules cannot be read or fired; tried again',
      afterFailure: { ...AFTER_FAILURE, maxDelayMs: maxSleepMs },
    });
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
    // Before anything is fired. Should Postgres just be away, the first look states them.
    await this.state().catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.options.log.warn({ err: error }, 'the schedules of the code cannot be stated yet; tried again');
    });
    await this.ticker.start();
  }

  private async state(): Promise<void> {
    const { store, log } = this.options;
    const now = this.clock.monotonic();
    const { changed, older, ofPeople } = await store.mirror(this.code);
    this.statedAt = now;
    if (changed.length > 0) log.info({ changed }, 'schedules taken over from the code');
    if (older.length > 0 && older.join() !== this.older)
      log.warn(
        { schedules: older },
        'newer code that runs beside this beat states these schedules otherwise: it fires them',
      );
    if (ofPeople.length > 0 && ofPeople.join() !== this.ofPeople)
      log.warn(
        { schedules: ofPeople },
        'people have made schedules of these names, which hold: rename those of the code, or delete those of people',
      );
    this.older = older.join();
    this.ofPeople = ofPeople.join();
  }

  /**
   * What other code states is for its beats to fire: a second application's, or a newer version's. What people made is for every
   * beat that has its contract.
   */
  private isMine({ name, definition, source }: ScheduleRow): boolean {
    if (source === 'api') return this.options.contracts.find(definition.contract) !== undefined;
    return this.stated.get(name) === JSON.stringify(definition);
  }

  /** All plans at once; should Postgres refuse one of them, each alone, so that it stops nobody else. */
  private fire(plans: readonly FiringPlan[]): Promise<readonly Firing[]> {
    const { store } = this.options;
    return isolate(plans, {
      write: (batch) => store.fire(batch),
      isOfOne: (error) => !(error instanceof StoreUnavailableError),
      onFaulty: ({ schedule: name, revision }, error) => {
        this.planner.complain({ name, revision }, error);
        return [];
      },
    });
  }
}
