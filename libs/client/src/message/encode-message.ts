import { encodeTask, type TaskFacts } from '@lovage/celery';
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

/**
 * The message of a task for a broker. No `eta` is stated: what waits does so in the outbox, so a message is due when it is
 * sent, and a worker whose clock is behind must not think otherwise.
 * @param hasRow the row is committed already.
 */
export function encodeMessage(
  task: MessageSource,
  stored: StoredMessage,
  sending: { turn: number; retries: number; hasRow: boolean; rowless?: boolean },
): OutgoingMessage {
  const encoded = encodeTask({
    id: task.wireId ?? task.id,
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
    turn: sending.turn,
    hasRow: sending.hasRow,
    stamp: task.stamp ?? (stored.version === undefined ? null : `${stored.version}:`),
    rowless: sending.rowless,
    facts: factsOf(task, stored),
    replyTo: stored.replyTo,
    headers: stored.headers,
    ignoreResult: stored.ignoreResult,
    shadow: stored.shadow,
    group: stored.group,
    groupIndex: stored.groupIndex,
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

function factsOf(task: MessageSource, { retry }: StoredMessage): TaskFacts | undefined {
  const { userId, expiresAt, retriedFrom, extra = null } = task;
  if (userId === null && expiresAt === null && retriedFrom === null && retry === undefined && extra === null)
    return undefined;
  const facts: TaskFacts = {};
  if (userId !== null) facts.userId = userId;
  if (expiresAt !== null) facts.expiresAt = expiresAt;
  if (retriedFrom !== null) facts.retriedFrom = retriedFrom;
  if (retry !== undefined) facts.retry = retry;
  if (extra !== null) facts.extra = JSON.parse(extra) as TaskExtra;
  return facts;
}
