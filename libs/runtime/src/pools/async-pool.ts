import type { TaskEntry } from '../entry.ts';
import { attempt } from '../run/attempt.ts';
import { batchAttempt } from '../run/batch-attempt.ts';
import { TaskRun, type RunServices } from '../run/task-run.ts';
import type { BatchPool, PoolEvents } from './pool.ts';

/** Runs handlers in this process's event loop. Code that never yields cannot be stopped here: its limits take effect when it does. */
export class AsyncPool implements BatchPool {
  readonly endsCode = false;

  constructor(
    private readonly services: RunServices<TaskEntry>,
    private readonly events: PoolEvents,
  ) {}

  start(entry: TaskEntry): void {
    const { events } = this;
    const binding = entry.binding!;
    const run = new TaskRun(entry, binding.contract, this.services);
    entry.attach(run);
    events.begun(entry);
    attempt(
      binding,
      entry.task,
      run,
      (result) => events.succeeded(entry, result),
      (thrown) => events.failed(entry, thrown),
      this.services.resultLimit,
    );
  }

  /** Runs tasks of one batch contract together. The limits of each run from here, so those of the contract hold for the whole. */
  startBatch(entries: readonly TaskEntry[]): void {
    const { events } = this;
    const { contract, handleBatch } = entries[0]!.binding!;
    const members = entries.map((entry) => {
      const context = new TaskRun(entry, contract, this.services);
      entry.attach(context);
      events.begun(entry);
      return {
        ...{ task: entry.task, context },
        succeeded: (result: string) => events.succeeded(entry, result),
        failed: (thrown: unknown) => events.failed(entry, thrown),
      };
    });
    batchAttempt({ contract, handleBatch: handleBatch! }, members, this.services.resultLimit);
  }

  isWaiting(): boolean {
    return false;
  }

  abort(entry: TaskEntry, reason: Error): void {
    entry.run?.abort(reason);
  }

  /** The attempt is over at once: an observable is unsubscribed; other code may go on until it settles, and its result is dropped. */
  kill(entry: TaskEntry, reason: Error): void {
    entry.run?.abort(reason);
    entry.run?.over(reason);
    this.events.failed(entry, reason);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
