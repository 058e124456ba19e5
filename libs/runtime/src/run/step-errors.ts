import { LovageError } from '@lovage/foundation';

/** `task.once` was given a key or a value that cannot be kept, or the task has too many steps. */
export class StepInvalidError extends LovageError {
  readonly code = 'step_invalid';
  constructor(key: unknown, reason: string) {
    super(`task.once(${typeof key === 'string' ? JSON.stringify(key.slice(0, 40)) : typeof key}): ${reason}`);
  }
}

/** `task.once` was called where steps cannot be kept. */
export class StepsUnavailableError extends LovageError {
  readonly code = 'steps_unavailable';
}
