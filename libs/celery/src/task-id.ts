import { isUuid, uuidFrom } from '@lovage/foundation';
import type { IncomingTask } from './task-message.ts';

/**
 * The id of the row of what a message, a person or a Celery program calls a task: the UUID itself in the one form that
 * Postgres prints, whatever its case here; for any other text one derived from it, always the same. Every id from
 * outside becomes that of a row here.
 */
export function taskIdOf(publicId: string): string {
  if (isUuid(publicId)) return publicId;
  const lower = publicId.toLowerCase();
  return isUuid(lower) ? lower : uuidFrom(publicId);
}

/** The row's root of a task from a message. Never none: the first of a family is its own, as in a row that a submit makes. */
export function rootIdOf({ id, parentId, rootId }: Pick<IncomingTask, 'id' | 'parentId' | 'rootId'>): string {
  return taskIdOf(rootId ?? parentId ?? id);
}
