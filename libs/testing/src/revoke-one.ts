import type { RevokedBy, RevokeOutcome, TaskStore } from '@lovage/ports';

/** Revokes one task; what came of it. */
export async function revokeOne(
  tasks: Pick<TaskStore, 'revokeMany'>,
  id: string,
  by: RevokedBy,
): Promise<RevokeOutcome> {
  const [task] = await tasks.revokeMany([id], by);
  return task!.outcome;
}
