import { LovageError } from '@lovage/foundation';

/** One variable that is missing or wrong. */
export interface SettingProblem {
  /** Environment variable, or worker flag as written. */
  readonly variable: string;
  /** What it is: the text given (secrets are not repeated), or `not set`. */
  readonly is: string;
  /** What it should be. */
  readonly expected: string;
}

/** Settings that cannot be used: all of them at once, so that one correction suffices. */
export class SettingError extends LovageError {
  readonly code = 'setting_invalid';

  constructor(readonly problems: readonly SettingProblem[]) {
    const lines = problems.map(({ variable, is, expected }) => `${variable} is ${is}; it should be ${expected}`);
    super(
      lines.length === 1 ? lines[0]! : `${lines.length} settings are wrong:\n${lines.map((l) => `  ${l}`).join('\n')}`,
    );
  }
}
