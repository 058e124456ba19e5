import { encodeResult, type TaskResult } from '@lovage/celery';
import type { Broker, Delivery, TaskRow } from '@lovage/ports';
import type { TaskErrorDocument, TaskState } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';

/** RabbitMQ takes no larger message, and clients read none, bytes. Only a contract's own `resultLimit` allows such a result. */
const MAX_REPLY = 16 * 1024 ** 2;

/** How a task ended. */
type TaskEnd = Pick<TaskResult, 'state' | 'result' | 'error'>;

/** Tells those who wait how a task goes: Celery's rpc messages, with our state and error beside. */
export class Replies {
  constructor(private readonly broker: Broker) {}

  /** @param resultJson JSON text. */
  ended(entry: TaskEntry, state: TaskState, resultJson: string | null, error: TaskErrorDocument | null): void {
    this.send(entry, { state, resultJson, error: error ?? undefined });
  }

  progressed(entry: TaskEntry, progressJson: string): void {
    this.send(entry, { state: 'PROGRESS', resultJson: progressJson });
  }

  /** From the row: for a message that came again after its task was over. */
  repeated(entry: TaskEntry, row: TaskRow): void {
    // A result that cannot be read: the row tells why.
    if (row.state !== 'SUCCESS' || row.error === null) this.send(entry, endOf(row));
  }

  /** Of a message that is no task: to whom it names, by as much of its id as could be read. */
  refused({ replyTo, correlationId, headers }: Delivery, id: string | undefined, what: TaskEnd): void {
    const taskId = id ?? correlationId;
    if (!replyTo || taskId === undefined || headers['ignore_result'] === true) return;
    this.post(replyTo, correlationId ?? taskId, encodeResult({ taskId, ...what }));
  }

  private send(entry: TaskEntry, what: Omit<TaskResult, 'taskId'>): void {
    const { replyTo, correlationId, id, ignoreResult } = entry.task;
    if (!replyTo || ignoreResult) return;
    this.post(replyTo, correlationId, encodeResult({ taskId: id, ...what }));
  }

  private post(replyTo: string, correlationId: string, body: Buffer): void {
    // RabbitMQ would close the channel. Who waits looks at the row.
    if (body.length <= MAX_REPLY) this.broker.reply(replyTo, { correlationId, body });
  }
}

/** As the row has it. */
export function endOf({ state, result, error }: Pick<TaskRow, 'state' | 'result' | 'error'>): TaskEnd {
  return { state, result, error: error ?? undefined };
}
