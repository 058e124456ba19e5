import { encodeMeta } from '@lovage/celery';
import { isDoneWithin, Pauses, type CeleryBackend, type Clock, type Log, type StoredState } from '@lovage/ports';
import type { HeldTask, TaskEvent, TaskWorker } from '@lovage/runtime';
import type { TaskErrorDocument, TaskState } from '@lovage/task';

/** States of one round trip. */
const MAX_BATCH = 500;
/** States that wait, and their characters, at most. Beyond them the oldest go: ends are written by beat, from the rows. */
const MAX_WAITING = 10_000;
const MAX_CHARS = 32 * 1024 ** 2;
/** Before a batch that failed is tried again, ms. */
const PAUSE_MS = 1000;
/** How long a stop waits for what is left, ms. */
const STOP_MS = 2000;

export interface ResultWriterDeps {
  readonly backend: Pick<CeleryBackend, 'store' | 'isUp' | 'onChange'>;
  readonly worker: Pick<TaskWorker, 'signals' | 'name'>;
  /** Starts are states as well. */
  readonly trackStarted: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Writes each state that this worker records to Celery's result backend, many in a round trip and in their order. The record never waits for it:
 * while the backend is away states wait within bounds; what does not fit, or was left by a worker that died, beat writes from the rows.
 */
export class ResultWriter {
  private queue: StoredState[] = [];
  private chars = 0;
  private flushing: Promise<void> | undefined;
  private lost = 0;
  private readonly unsubscribe: (() => void)[] = [];
  private readonly pauses: Pauses;

  constructor(private readonly deps: ResultWriterDeps) {
    this.pauses = new Pauses(deps.clock);
  }

  /** States that wait to be written. */
  get waiting(): number {
    return this.queue.length;
  }

  /** States that were dropped, since too many waited; ends among them are written by beat. */
  get dropped(): number {
    return this.lost;
  }

  start(): void {
    const { worker, backend } = this.deps;
    this.unsubscribe.push(
      worker.signals.tasks.on((event) => this.take(event)),
      backend.onChange((isUp) => isUp && this.pauses.wake()),
    );
  }

  /** Writes what is left, where the backend takes it soon. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    if (this.queue.length > 0) {
      await isDoneWithin(this.deps.clock, STOP_MS, (this.flushing ??= this.flush()));
    }
    this.pauses.end();
  }

  private take(event: TaskEvent): void {
    // The worker's own way of a task: nothing that goes wrong here may reach it.
    try {
      const state = this.stateOf(event);
      if (state) this.add(state);
    } catch (error) {
      this.deps.log.warn({ err: error, task: event.task.id }, "a state for Celery's result backend could not be made");
    }
  }

  private add(state: StoredState): void {
    this.queue.push(state);
    this.chars += state.meta.length;
    while (this.queue.length > 1 && (this.queue.length > MAX_WAITING || this.chars > MAX_CHARS)) {
      this.chars -= this.queue.shift()!.meta.length;
      this.lost += 1;
    }
    // Those of a tick of the event loop go together.
    this.flushing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.flush());
  }

  /** Until nothing waits. Never rejects. */
  private async flush(): Promise<void> {
    const { backend } = this.deps;
    while (this.queue.length > 0 && !this.pauses.over) {
      const batch = this.queue.slice(0, MAX_BATCH);
      try {
        await backend.store(batch);
        this.drop(batch);
      } catch {
        await this.pauses.wait(PAUSE_MS);
      }
    }
    this.flushing = undefined;
  }

  /** Some of the batch may have been dropped meanwhile, from the beginning. */
  private drop(batch: readonly StoredState[]): void {
    const written = new Set(batch);
    let count = 0;
    while (count < this.queue.length && written.has(this.queue[count]!)) {
      this.chars -= this.queue[count]!.meta.length;
      count += 1;
    }
    this.queue.splice(0, count);
  }

  private stateOf(event: TaskEvent): StoredState | undefined {
    const { task } = event;
    if (task.task.ignoreResult) return undefined;
    const { name } = this.deps.worker;
    switch (event.kind) {
      case 'started':
        if (!this.deps.trackStarted) return undefined;
        return stateOf(task, 'STARTED', { resultJson: JSON.stringify({ pid: process.pid, hostname: name }) });
      case 'progressed':
        return stateOf(task, 'PROGRESS', { resultJson: event.progress });
      case 'succeeded':
        return stateOf(task, 'SUCCESS', { resultJson: event.result });
      case 'failed':
        return stateOf(task, 'FAILURE', { error: event.error });
      case 'retried':
        return event.error ? stateOf(task, 'RETRY', { error: event.error }) : undefined;
      case 'revoked':
        return stateOf(task, event.expired ? 'EXPIRED' : 'REVOKED', {});
      case 'received':
      case 'rejected':
        return undefined;
    }
  }
}

function stateOf(
  { task, endedAt, children: childrenJson }: HeldTask,
  state: TaskState,
  what: { readonly resultJson?: string; readonly error?: TaskErrorDocument | null },
): StoredState {
  const { id: taskId, group: groupId, parentId } = task;
  return {
    taskId,
    ...encodeMeta({ taskId, state, groupId, parentId, childrenJson, ...what, endedAt: endedAt || null }),
  };
}
