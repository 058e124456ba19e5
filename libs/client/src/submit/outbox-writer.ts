import { Batcher, hasCode, isolate } from '@lovage/foundation';
import type { Clock, FirstItem, FirstOutcome, NewTask, SubmitKeys, SubmittedFirst, TaskStore } from '@lovage/ports';

export interface OutboxWriterOptions {
  readonly tasks: Pick<TaskStore, 'insertFirstMany'>;
  readonly clock: Clock;
}

/** A time that runs from a moment on. */
export interface Delay {
  /** 0: none. */
  readonly delayMs: number;
  /** When it began, monotonic ms. */
  readonly since: number;
}

interface Waiting extends Delay {
  readonly task: NewTask;
}

/** Least that is left of a delay, however long the way to the database was: such a task stays `SCHEDULED`. */
const LEAST_MS = 1;

/** What is left of a delay: what was spent since it began, such as waiting for a batch, does not make the task late. */
export function leftMs({ delayMs, since }: Delay, clock: Clock): number {
  return delayMs === 0 ? 0 : Math.max(LEAST_MS, delayMs - (clock.monotonic() - since));
}

/** Writes tasks that the relay is to send, row and outbox in one commit, in batches that grow with the load. */
export class OutboxWriter {
  private readonly batcher: Batcher<Waiting, unknown>;

  constructor(private readonly options: OutboxWriterOptions) {
    this.batcher = new Batcher<Waiting, unknown>({ concurrency: 2, flush: (batch) => this.flush(batch) });
  }

  /** Resolves when it is kept, also where it was before. @throws StoreUnavailableError ValueRefusedError nothing was stored. */
  async write(task: NewTask, delay: Delay): Promise<void> {
    const error = await this.batcher.add({ task, ...delay });
    if (error !== undefined) throw error;
  }

  /** Resolves once nothing is under way. */
  idle(): Promise<void> {
    return this.batcher.idle();
  }

  /** What each of them failed of, if it did. */
  private async flush(batch: readonly Waiting[]): Promise<readonly unknown[]> {
    const write = (part: readonly Waiting[]): Promise<readonly unknown[]> =>
      this.insert(part).then(
        () => part.map(() => undefined),
        (error: unknown) => {
          if (hasCode(error, 'value_refused')) throw error;
          return part.map(() => error);
        },
      );
    return isolate(batch, { write, onFaulty: (_, error) => [error] });
  }

  private async insert(batch: readonly Waiting[]): Promise<void> {
    // A batch names an id once; a second submit of it is the same task.
    const byId = new Map([...batch].reverse().map((one) => [one.task.id, one]));
    const items = [...byId.values()].map(({ task, ...delay }) => ({
      task,
      delayMs: leftMs(delay, this.options.clock),
    }));
    await this.options.tasks.insertFirstMany(items);
  }
}

export interface KeyedWriterOptions {
  readonly tasks: Pick<TaskStore, 'insertFirst'>;
  readonly clock: Clock;
}

/** A task with keys, to be written row and outbox first. */
export interface KeyedTask extends SubmitKeys {
  readonly task: NewTask;
  readonly delay: Delay;
  /** This process publishes it itself within this time, ms; 0 leaves it to the relay. */
  readonly leaseMs: number;
}

/**
 * Writes tasks with an idempotency key or a uniqueness key in batches that grow with the load. Each has an outcome of its own: a bad
 * one, or one that meets another task, does not affect the others.
 */
export class KeyedWriter {
  private readonly batcher: Batcher<KeyedTask, FirstOutcome>;
  /** For tasks whose key another transaction has: they wait for its end, and only for each other. */
  private readonly patient: Batcher<KeyedTask, FirstOutcome>;

  constructor(private readonly options: KeyedWriterOptions) {
    const { tasks } = options;
    this.batcher = new Batcher({
      concurrency: 2,
      flush: (batch) => tasks.insertFirst(batch.map((one) => this.item(one))),
    });
    this.patient = new Batcher<KeyedTask, FirstOutcome>({
      maxSize: 1,
      flush: ([one]) => tasks.insertFirst([this.item(one!)]),
    });
  }

  /** @throws TaskNotUniqueError StoreUnavailableError ValueRefusedError nothing was stored. */
  async write(task: KeyedTask): Promise<SubmittedFirst> {
    let outcome = await this.batcher.add(task);
    if (outcome === 'locked') outcome = await this.patient.add(task);
    if (outcome instanceof Error) throw outcome;
    return outcome as SubmittedFirst;
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    await this.batcher.idle();
    await this.patient.idle();
  }

  private item({ task, delay, leaseMs, key, unique }: KeyedTask): FirstItem {
    return { task, delayMs: leftMs(delay, this.options.clock), leaseMs, key, unique };
  }
}
