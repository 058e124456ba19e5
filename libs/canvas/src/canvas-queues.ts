import { CanvasError, type CanvasTask } from '@lovage/celery';
import { isInternalQueue, isQueueText, QUEUE_TEXT_RULE, type TaskRoutes } from '@lovage/foundation';
import type { Clock, WorkerStore } from '@lovage/ports';
import type { AnyContract } from '@lovage/task';

export interface CanvasQueuesDeps {
  /** Whether this process consumes a queue now: it may begin with others while it runs. */
  readonly consumes: (queue: string) => boolean;
  /** Contracts that it knows. */
  readonly contract: (name: string) => AnyContract | undefined;
  /** Whether it serves a contract. */
  readonly serves: (name: string) => boolean;
  readonly routes: Pick<TaskRoutes, 'of'>;
  readonly workers: Pick<WorkerStore, 'present'>;
  readonly clock: Clock;
}

/** Where a task goes. */
export interface CanvasPlace {
  readonly queue: string;
  /** No worker of ours consumes it: a Celery worker does, or will. */
  readonly foreign: boolean;
}

/** How long it is believed which queues the workers of others consume, ms. */
const KNOWN_MS = 3000;

/** Finds the queues of tasks that a canvas sends. */
export class CanvasQueues {
  private others: ReadonlySet<string> = new Set();
  private readAt = -Infinity;

  constructor(private readonly deps: CanvasQueuesDeps) {}

  /** In the order of the tasks. @param from the queue of the task that they follow. @throws CanvasError */
  async places(tasks: readonly CanvasTask[], from: string): Promise<CanvasPlace[]> {
    const { consumes } = this.deps;
    const queues = tasks.map((task) => this.queueOf(task, from));
    if (!queues.every(consumes)) await this.read();
    return queues.map((queue) => ({ queue, foreign: !consumes(queue) && !this.others.has(queue) }));
  }

  /**
   * That of the signature; else where the contract goes. What this worker serves, but not from there, stays on the queue that it came from, and so does what
   * no contract tells of.
   */
  private queueOf({ name, options }: CanvasTask, from: string): string {
    const { consumes, contract, serves, routes } = this.deps;
    // Without an exchange the routing key is the name of the queue.
    const stated = options['queue'] ?? (options['exchange'] ? undefined : options['routing_key']);
    if (stated !== undefined) {
      if (isQueueText(stated) && !isInternalQueue(stated)) return stated;
      const rule = `${JSON.stringify(stated).slice(0, 100)} is no queue for tasks: ${QUEUE_TEXT_RULE}`;
      throw new CanvasError('QueueNotFound', rule);
    }
    const known = contract(name);
    if (!known) return from;
    const queue = routes.of(name)?.queue ?? known.options.queue;
    return serves(name) && !consumes(queue) ? from : queue;
  }

  /** Where that cannot be read, what was read last holds. */
  private async read(): Promise<void> {
    const { workers, clock } = this.deps;
    const now = clock.now();
    if (now - this.readAt < KNOWN_MS) return;
    try {
      this.others = new Set((await workers.present(false)).flatMap(({ queues }) => queues));
      this.readAt = now;
    } catch {
      // Postgres is away: the record waits for it as well.
    }
  }
}
