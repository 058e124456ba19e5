import { LovageError } from '@lovage/foundation';
import type { ExitCode } from '@lovage/settings';

/** Ends the launcher: its message is the one line that is said about it. */
export class ExitError extends LovageError {
  readonly code = 'launcher_ended';

  constructor(
    readonly exitCode: ExitCode | number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
