import { encodeTask, publicIdOf, type NewTaskData } from '@lovage/celery';
import type { NewTask, OutgoingMessage, StoredMessage } from '@lovage/ports';
import type { TaskExtra } from '@lovage/task';

/** The columns of a task that its message tells. */
export type MessageSource = Pick<
  NewTask,
  | 'id'
  | 'wireId'
  | 'name'
  | 'queue'
  | 'input'
  | 'userId'
  | 'parentId'
  | 'rootId'
  | 'retriedFrom'
  | 'expiresAt'
  | 'priority'
  | 'stamp'
  | 'extra'
>;

/** Which message of its task it is, and where it goes. */
export interface MessageSending {
  readonly generation: number;
  /** Failed attempts so far. */
  readonly retries: number;
  /** The row is committed already. */
  readonly hasRow: boolean;
  readonly rowless?: boolean;
  /** Queue that workers of another platform reply to. */
  readonly foreignResults: string;
}

/**
 * The message of a task for a broker. No `eta` is stated: what waits does so in the outbox, so a message is due when it is
 * sent, and a worker whose clock is behind must not think otherwise.
 */
export function encodeMessage(task: MessageSource, stored: StoredMessage, sending: MessageSending): OutgoingMessage {
  const encoded = encodeTask({
    id: publicIdOf(task),
    name: task.name,
    inputJson: task.input,
    args: stored.args,
    kwargs: stored.kwargs,
    embed: stored.embed,
    rootId: task.rootId,
    parentId: task.parentId,
    retries: sending.retries,
    expiresAt: task.expiresAt,
    timeLimit: stored.timeLimit,
    generation: sending.generation,
    hasRow: sending.hasRow,
    stamp: task.stamp ?? (stored.version === undefined ? null : `${stored.version}:`),
    rowless: sending.rowless,
    newTask: newTaskDataOf(task, stored),
    replyTo: stored.foreign === undefined ? stored.replyTo : sending.foreignResults,
    headers: stored.headers,
    ignoreResult: stored.ignoreResult,
    shadow: stored.shadow,
    group: stored.group,
    groupIndex: stored.groupIndex,
    lang: stored.lang,
  });
  return {
    queue: task.queue,
    body: encoded.body,
    contentType: encoded.contentType,
    contentEncoding: encoded.contentEncoding,
    headers: encoded.headers,
    correlationId: stored.correlationId ?? encoded.correlationId,
    replyTo: encoded.replyTo,
    priority: task.priority ?? undefined,
  };
}

function newTaskDataOf(task: MessageSource, { retry }: StoredMessage): NewTaskData | undefined {
  const { userId, expiresAt, retriedFrom, extra = null } = task;
  if (userId === null && expiresAt === null && retriedFrom === null && retry === undefined && extra === null)
    return undefined;
  const newTask: NewTaskData = {};
  if (userId !== null) newTask.userId = userId;
  if (expiresAt !== null) newTask.expiresAt = expiresAt;
  if (retriedFrom !== null) newTask.retriedFrom = retriedFrom;
  if (retry !== undefined) newTask.retry = retry;
  if (extra !== null) newTask.extra = JSON.parse(extra) as TaskExtra;
  return newTask;
}
