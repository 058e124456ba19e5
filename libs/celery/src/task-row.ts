import { rootIdOf, taskIdOf } from './task-id.ts';
import type { IncomingTask } from './task-message.ts';

/** What a message does not tell of the row: its reader knows it. */
export interface KnownOfRow {
  readonly queue: string;
  /** JSON text of the input object; null when `message` keeps the arguments. */
  readonly input: string | null;
  /** JSON text of what the columns do not tell; null when there is nothing. */
  readonly message: string | null;
  readonly priority: number | null;
  /** Of the row where the message states none. Default null. */
  readonly extra?: string | null;
}

/**
 * The new task that a message tells of, as the store takes it. The claim makes the row of it, and so does the collector of dead letters:
 * a task is the same row whichever of them is first.
 */
export function rowOf(task: IncomingTask, { queue, input, message, priority, extra = null }: KnownOfRow) {
  const { newTask } = task;
  const id = taskIdOf(task.id);
  return {
    id,
    wireId: wireIdOf(task.id, id),
    name: task.name,
    queue,
    input,
    message,
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

/** What a row keeps of the id on the wire: the text where it is not the id of the row itself. */
export function wireIdOf(publicId: string, rowId: string): string | null {
  return rowId === publicId ? null : publicId;
}
