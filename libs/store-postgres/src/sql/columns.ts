import { plainArray, textArray } from '@lovage/foundation';
import { UNREADABLE_NAME, type NewTask } from '@lovage/ports';

/** The row is that of the task in the message: its name decides, whatever id a message carries. One that tells no name counts as its task's. */
export const sameTask = (name: string): string => `(t.name = ${name} or ${name} = '${UNREADABLE_NAME}')`;

/** Names of a new task's columns, in the order of {@link newTaskValues}. */
export const NEW_TASK_COLUMNS =
  'id, wire_id, name, queue, input, message, user_id, parent_id, root_id, retried_from, eta, expires_at, priority, input_stamp, extra';

/** `unnest` arguments for them, from parameter `$first` on; times come as ms since the epoch. */
export function newTaskUnnest(first: number): string {
  const types = [
    'uuid',
    'text',
    'text',
    'text',
    'json',
    'json',
    'uuid',
    'uuid',
    'uuid',
    'uuid',
    'float8',
    'float8',
    'int2',
    'text',
    'json',
  ];
  return types.map((type, i) => `$${first + i}::${type}[]`).join(', ');
}

/** The select list that fits {@link NEW_TASK_COLUMNS}, from the alias `s`. */
export const NEW_TASK_SELECT =
  's.id, s.wire_id, s.name, s.queue, s.input, s.message, s.user_id, s.parent_id, s.root_id, s.retried_from, to_timestamp(s.eta / 1000), to_timestamp(s.expires_at / 1000), s.priority, s.input_stamp, s.extra';

export const NEW_TASK_PARAMETERS = 15;

export function newTaskValues(tasks: readonly NewTask[]): (string | null)[] {
  return [
    plainArray(tasks.map((task) => task.id)),
    textArray(tasks.map((task) => task.wireId)),
    textArray(tasks.map((task) => task.name)),
    textArray(tasks.map((task) => task.queue)),
    textArray(tasks.map((task) => task.input)),
    textArray(tasks.map((task) => task.message)),
    plainArray(tasks.map((task) => task.userId)),
    plainArray(tasks.map((task) => task.parentId)),
    // Nearly every task is its own root: null says so, which saves the column in the row and in the statement.
    plainArray(tasks.map(({ id, rootId }) => (rootId === id ? null : rootId))),
    plainArray(tasks.map((task) => task.retriedFrom)),
    plainArray(tasks.map((task) => task.eta)),
    plainArray(tasks.map((task) => task.expiresAt)),
    plainArray(tasks.map((task) => task.priority)),
    plainArray(tasks.map((task) => task.stamp ?? null)),
    textArray(tasks.map((task) => task.extra ?? null)),
  ];
}
