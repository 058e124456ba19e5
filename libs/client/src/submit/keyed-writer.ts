import { Batcher } from '@lovage/foundation';
import type { Clock, FirstItem, FirstOutcome, SubmitKeys, SubmittedFirst, NewTask, TaskStore } from '@lovage/ports';
import { leftMs, type Delay } from './outbox-writer.ts';

export interface KeyedWriterOptions {
  readonly tasks: Pick<TaskStore, 'insertFirst' | 'insertFirstEach'>;
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
 * one, or one that meets another task, is nobody else's concern.
 */
export class KeyedWriter {
  private readonly batcher: Batcher<KeyedTask, FirstOutcome>;
  /** For tasks whose key another transaction has: they wait for its end, and only for each other. */
  private readonly patient: Batcher<KeyedTask, FirstOutcome>;

  constructor(private readonly options: KeyedWriterOptions) {
    const { tasks } = options;
    this.batcher = new Batcher({
      lanes: 2,
      flush: (batch) => tasks.insertFirstEach(batch.map((one) => this.item(one))),
    });
    this.patient = new Batcher({
      maxSize: 1,
      flush: async ([one]) => [await tasks.insertFirst(one!.task, this.item(one!))],
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
