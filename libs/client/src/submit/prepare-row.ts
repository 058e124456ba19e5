import { TaskRoutes } from '@lovage/foundation';
import type { NewTask, UniqueKey } from '@lovage/ports';
import type { AnyContract } from '@lovage/task';
import type { SubmitOptions } from './options.ts';
import { prepare, prepareForeign, type ForeignTask } from './prepare.ts';

/** A task that is ready to be stored, and what it must be unique by. */
export interface PreparedRow {
  readonly task: NewTask;
  readonly unique: UniqueKey | undefined;
}

/**
 * Checks input and options as `LovageClient.submit` does and makes the task's row, sending nothing: for code that puts
 * row and outbox message into a transaction of its own.
 * @param now ms since the epoch; an expiry counts from it.
 * @param routes where tasks go whose options name no queue; default: where their contracts say.
 * @throws InputInvalidError SubmitOptionsError
 */
export function prepareRow(
  contract: AnyContract,
  input: unknown,
  options: Omit<SubmitOptions, 'delay' | 'eta' | 'idempotencyKey' | 'awaitReply'>,
  now: number,
  routes: TaskRoutes = TaskRoutes.none,
): PreparedRow {
  const { row, unique } = prepare(contract, input, options, { now, replyTo: undefined, routes });
  return { task: row, unique };
}

/**
 * The same for a task of another Celery application, whose contract is not known here.
 * @throws SubmitOptionsError InputInvalidError
 */
export function prepareForeignRow(
  task: ForeignTask,
  options: Omit<SubmitOptions, 'delay' | 'eta' | 'idempotencyKey' | 'awaitReply'> & { queue: string },
  now: number,
): NewTask {
  return prepareForeign(task, options, { now, replyTo: undefined }).row;
}
