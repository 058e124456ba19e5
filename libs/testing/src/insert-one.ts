import type { NewTask, SqlTransaction, SubmitKeys, SubmittedFirst, TaskStore } from '@lovage/ports';

/** Inserts one task first, with its message. Default: due at once, for the relay. @throws TaskNotUniqueError */
export async function insertOne(
  tasks: Pick<TaskStore, 'insertFirst'>,
  task: NewTask,
  options: { delayMs?: number; leaseMs?: number; transaction?: SqlTransaction } & SubmitKeys = {},
): Promise<SubmittedFirst> {
  const { delayMs = 0, leaseMs = 0, transaction, ...keys } = options;
  const [outcome] = await tasks.insertFirst([{ ...keys, task, delayMs, leaseMs }], { transaction });
  if (outcome instanceof Error) throw outcome;
  return outcome as SubmittedFirst;
}
