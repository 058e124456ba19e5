import { taskIdOf } from '@lovage/celery';
import type { Delivery, FinalItem, Log, TaskStore } from '@lovage/ports';
import type { StoreRetry } from '../store-retry.ts';

/** A message that is no task. */
export interface Malformed {
  readonly delivery: Delivery;
  /** Stable. */
  readonly code: string;
  readonly reason: string;
  /** What could be read of it nevertheless. */
  readonly id: string | undefined;
  readonly name: string | undefined;
}

export interface MalformedDeps {
  /** Of the worker. */
  readonly name: string;
  readonly tasks: TaskStore;
  readonly retry: StoreRetry;
  readonly log: Log;
}

/** Sends what is no task to the dead letters. A row that it names ends: none waits for a message that was given up. */
export class MalformedMessages {
  constructor(private readonly deps: MalformedDeps) {}

  async refuse(malformed: Malformed): Promise<void> {
    const { delivery, code, reason, id, name } = malformed;
    const { log, retry, tasks } = this.deps;
    log.warn(
      { code, reason, task: id, contract: name, queue: delivery.queue },
      'malformed message: to the dead letters',
    );
    try {
      if (id !== undefined) await retry.until(() => tasks.recordFinal([this.toItem(malformed, id)]));
      delivery.nack({ requeue: false });
    } catch (error) {
      log.error({ err: error, task: id }, 'the end of a malformed message could not be recorded; it goes back');
      delivery.nack({ requeue: true });
    }
  }

  private toItem({ delivery, code, reason, name }: Malformed, wireId: string): FinalItem {
    const id = taskIdOf(wireId);
    const now = Date.now();
    return {
      task: {
        id,
        wireId: id === wireId ? null : wireId,
        name: name ?? '(unreadable)',
        queue: delivery.queue,
        input: null,
        message: null,
        userId: null,
        parentId: null,
        rootId: null,
        retriedFrom: null,
        eta: null,
        expiresAt: null,
        priority: null,
      },
      state: 'FAILURE',
      retries: 0,
      worker: this.deps.name,
      result: null,
      error: JSON.stringify({ type: 'MessageMalformed', message: `${code}: ${reason}` }),
      startedAt: now,
    };
  }
}
