import { rootIdOf, taskIdOf } from './task-id.ts';
import type { IncomingTask, NewTaskData, OutgoingTask } from './task-message.ts';

/** What a message does not tell of the row: its reader knows it. */
export interface KnownOfRow {
  readonly queue: string;
  /** JSON text of the input object; null: the row keeps the arguments as they came. */
  readonly input: string | null;
  readonly priority: number | null;
  /** Of the row where the message states none. Default null. */
  readonly extra?: string | null;
}

/** What is needed to send a task again and no column tells: `StoredMessage` of libs/ports. */
type KeptOfMessage = Partial<OutgoingTask> & { correlationId?: string; retry?: NewTaskData['retry'] };

/** `lang` of our messages. */
const OUR_LANG = 'js';

/**
 * The new task that a message tells of, as the store takes it. The claim makes the row of it, and so does the collector of dead letters:
 * a task is the same row whichever of them is first, but for what only its contract tells (names of positional arguments, tags, follow-ups).
 */
export function rowOf(task: IncomingTask, { queue, input, priority, extra = null }: KnownOfRow) {
  const { newTask } = task;
  const id = taskIdOf(task.id);
  return {
    id,
    wireId: wireIdOf(task.id, id),
    name: task.name,
    queue,
    input,
    message: messageJson(task, input === null),
    userId: newTask?.userId ?? null,
    parentId: task.parentId === null ? null : taskIdOf(task.parentId),
    rootId: rootIdOf(task),
    retriedFrom: newTask?.retriedFrom ?? null,
    eta: task.eta,
    expiresAt: newTask?.expiresAt ?? task.expiresAt,
    priority,
    stamp: task.stamp,
    extra: newTask?.extra ? JSON.stringify(newTask.extra) : extra,
  };
}

/** What the columns do not tell; null when there is nothing. */
function messageJson(task: IncomingTask, withArguments: boolean): string | null {
  const kept: KeptOfMessage = {};
  if (task.replyTo) kept.replyTo = task.replyTo;
  if (task.correlationId !== task.id) kept.correlationId = task.correlationId;
  if (task.timeLimit[0] !== null || task.timeLimit[1] !== null) kept.timeLimit = task.timeLimit;
  if (task.newTask?.retry) kept.retry = task.newTask.retry;
  if (withArguments) {
    kept.args = task.args;
    kept.kwargs = task.kwargs;
  }
  if (task.extraHeaders) kept.headers = task.extraHeaders;
  if (task.shadow !== null) kept.shadow = task.shadow;
  if (task.group !== null) kept.group = task.group;
  if (task.groupIndex !== null) kept.groupIndex = task.groupIndex;
  if (task.ignoreResult) kept.ignoreResult = true;
  if (task.canvas.length > 0) kept.embed = task.embed;
  if (task.lang !== OUR_LANG && task.lang !== '') kept.lang = task.lang;
  // Mostly there is nothing, which this finds out without making a text.
  for (const _ in kept) return JSON.stringify(kept);
  return null;
}

/** The id that everybody outside knows a task by: that on the wire. */
export function publicIdOf<Id extends string | null>({ id, wireId }: { id: Id; wireId: string | null }): string | Id {
  return wireId ?? id;
}

/** What a row keeps of the id on the wire: the text where it is not the id of the row itself. */
export function wireIdOf(publicId: string, rowId: string): string | null {
  return rowId === publicId ? null : publicId;
}
