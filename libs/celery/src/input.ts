import { LovageError } from '@lovage/foundation';
import type { IncomingTask } from './task-message.ts';

/** The arguments of a message do not fit the parameters of its contract. To a Celery caller it is Python's `TypeError`, in Python's words. */
export class ArgumentsError extends LovageError {
  readonly code = 'arguments_invalid';
  constructor(message: string) {
    super(message);
    this.name = 'TypeError';
  }
}

/**
 * The input object of a message: arguments by position take the names of `positional`, those by name keep theirs.
 * What is missing is left to the contract's validation.
 * @throws ArgumentsError too many arguments, or one given twice.
 */
export function inputOf(
  task: Pick<IncomingTask, 'name' | 'args' | 'kwargs'>,
  positional: readonly string[],
): Record<string, unknown> {
  const { args, kwargs } = task;
  if (args.length === 0) return kwargs;
  if (args.length > positional.length)
    throw new ArgumentsError(
      `${task.name}() takes ${positional.length} positional argument${positional.length === 1 ? '' : 's'} but ${args.length} ${args.length === 1 ? 'was' : 'were'} given`,
    );
  const input: Record<string, unknown> = {};
  for (let i = 0; i < args.length; i += 1) {
    const name = positional[i]!;
    if (Object.hasOwn(kwargs, name))
      throw new ArgumentsError(`${task.name}() got multiple values for argument '${name}'`);
    input[name] = args[i];
  }
  return Object.assign(input, kwargs);
}
