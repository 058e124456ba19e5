import { celeryState, encodeResult } from '@lovage/celery';
import type { Broker, TaskRow } from '@lovage/ports';
import type { TaskErrorDocument, TaskState } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';

/** Tells those who wait how a task goes: Celery's rpc messages, with our state and error beside. */
export class Replies {
  constructor(private readonly broker: Broker) {}

  ended(entry: TaskEntry, state: TaskState, result: unknown, error: TaskErrorDocument | null): void {
    this.send(entry, state, result, error);
  }

  progressed(entry: TaskEntry, progress: unknown): void {
    this.send(entry, 'PROGRESS', progress, null);
  }

  /** From the row: for a message that came again after its task was over. */
  repeated(entry: TaskEntry, row: TaskRow): void {
    this.send(entry, row.state, row.result, row.error);
  }

  private send(entry: TaskEntry, state: TaskState, result: unknown, error: TaskErrorDocument | null): void {
    const { replyTo, correlationId, id, ignoreResult } = entry.task;
    if (!replyTo || ignoreResult) return;
    const body = encodeResult({
      taskId: id,
      status: celeryState(state),
      state,
      result,
      error: error ?? undefined,
      traceback: error?.stack ?? null,
    });
    this.broker.reply(replyTo, { correlationId, body });
  }
}
