import type { TaskHandle } from '@lovage/client';

const EXISTING = { idempotencyKey: 'idempotency-key', unique: 'unique' } as const;

/** Where the task is to be found; and why it is one that was there before, if it is. */
export function acceptedHeaders({ id, earlier }: Pick<TaskHandle, 'id' | 'earlier'>): Record<string, string> {
  return { location: `/api/tasks/${id}`, ...(earlier && { 'x-existing-task': EXISTING[earlier] }) };
}
