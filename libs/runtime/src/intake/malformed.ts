import { taskIdOf, wireIdOf } from '@lovage/celery';
import { hasCode } from '@lovage/foundation';
import {
  blankTask,
  UNREADABLE_NAME,
  type Clock,
  type Delivery,
  type FinalItem,
  type Log,
  type TaskStore,
} from '@lovage/ports';
import type { TaskErrorDocument } from '@lovage/task';
import { endOf, type Replies } from '../record/settler.ts';
import type { StoreRetry } from '../store-retry.ts';
import type { WorkerSignals } from '../worker-signals.ts';

/** Of the text on why, characters: parts of it come from the message. */
const MAX_MESSAGE = 1000;

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
  readonly tasks: Pick<TaskStore, 'recordFinal' | 'get'>;
  readonly retry: StoreRetry;
  readonly replies: Pick<Replies, 'refused'>;
  readonly signals: Pick<WorkerSignals, 'malformed'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Sends what is no task to the dead letters. A row that such a message names ends, and a caller who waits for a reply gets one: nobody
 * waits for a message that was given up.
 */
export class MalformedMessages {
  constructor(private readonly deps: MalformedDeps) {}

  /** Never rejects. */
  async refuse(malformed: Malformed): Promise<void> {
    const { delivery, code, reason, id, name } = malformed;
    const { log, signals } = this.deps;
    log.warn(
      { code, reason, task: id, contract: name, queue: delivery.queue },
      'malformed message: to the dead letters',
    );
    try {
      await this.end(malformed);
      delivery.nack({ requeue: false });
    } catch (error) {
      // What Postgres refuses now it refuses again: the message would come back without end.
      const requeue = !hasCode(error, 'value_refused');
      log.error({ err: error, task: id, requeue }, 'the end of a malformed message could not be recorded');
      delivery.nack({ requeue });
    }
    signals.malformed.emit({ code, id });
  }

  private async end(malformed: Malformed): Promise<void> {
    const { delivery, id, name } = malformed;
    const { tasks, retry, replies } = this.deps;
    if (id === undefined) return replies.refused(delivery, id, { state: 'FAILURE', error: errorOf(malformed) });
    await retry.until(() => tasks.recordFinal([this.toItem(malformed, id)]));
    if (delivery.replyTo === undefined) return;
    // The row may have ended otherwise before, or be in the hands of a worker, which tells its end itself.
    const row = await retry.until(() => tasks.get(taskIdOf(id)));
    if (row && name !== undefined && row.name !== name)
      return replies.refused(delivery, id, { state: 'FAILURE', error: errorOf(malformed) });
    if (row && row.finishedAt !== null) replies.refused(delivery, id, endOf(row));
  }

  private toItem(malformed: Malformed, wireId: string): FinalItem {
    const { delivery, name } = malformed;
    const id = taskIdOf(wireId);
    return {
      task: blankTask({
        id,
        wireId: wireIdOf(wireId, id),
        name: name ?? UNREADABLE_NAME,
        queue: delivery.queue,
        rootId: id,
      }),
      state: 'FAILURE',
      retries: 0,
      worker: this.deps.name,
      result: null,
      error: JSON.stringify(errorOf(malformed)),
      startedAt: this.deps.clock.now(),
    };
  }
}

function errorOf({ code, reason }: Malformed): TaskErrorDocument {
  return { type: 'MessageMalformed', message: `${code}: ${reason}`.slice(0, MAX_MESSAGE) };
}
