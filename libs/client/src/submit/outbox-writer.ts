import { Batcher, hasCode } from '@lovage/foundation';
import type { Clock, NewTask, TaskStore } from '@lovage/ports';

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

/** Of a delay something is left, however long the way to the database was: such a task stays `SCHEDULED`. */
const LEAST_MS = 1;

/** What is left of a delay: what was spent since it began, such as waiting for a batch, does not make the task late. */
export function leftMs({ delayMs, since }: Delay, clock: Clock): number {
  return delayMs === 0 ? 0 : Math.max(LEAST_MS, delayMs - (clock.monotonic() - since));
}

/** Writes tasks that the relay is to send, row and outbox in one commit, in batches that grow with the load. */
export class OutboxWriter {
  private readonly batcher: Batcher<Waiting, unknown>;

  constructor(private readonly options: OutboxWriterOptions) {
    this.batcher = new Batcher<Waiting, unknown>({ lanes: 2, flush: (batch) => this.flush(batch) });
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
    try {
      await this.insert(batch);
      return [];
    } catch (error) {
      if (batch.length === 1 || !hasCode(error, 'value_refused')) return batch.map(() => error);
      // One of them is at fault: each alone, so that only that one fails.
      const failures: unknown[] = [];
      for (const one of batch)
        failures.push(
          await this.insert([one]).then(
            () => undefined,
            (alone: unknown) => alone,
          ),
        );
      return failures;
    }
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
