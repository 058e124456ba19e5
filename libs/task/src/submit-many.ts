import { LovageError, type Attempted } from '@lovage/foundation';

/** Of many tasks some were not submitted. The others were: `outcomes`, in the order of the inputs, tells which. */
export class SubmitManyError<S = unknown> extends LovageError {
  readonly code = 'submit_many_failed';
  constructor(
    readonly outcomes: readonly Attempted<S>[],
    /** How many were not submitted. */
    readonly failed: number,
    first: unknown,
  ) {
    const reason = first instanceof Error ? first.message : String(first);
    super(`${failed} of ${outcomes.length} tasks were not submitted; the first of them: ${reason}`, { cause: first });
  }
}

/** What was submitted, where all was. @throws SubmitManyError */
export function submitted<S>(outcomes: readonly Attempted<S>[]): S[] {
  const failed = outcomes.reduce((count, { ok }) => (ok ? count : count + 1), 0);
  if (failed === 0) return outcomes.map((outcome) => (outcome as { value: S }).value);
  const first = outcomes.find(({ ok }) => !ok) as { error: unknown };
  throw new SubmitManyError(outcomes, failed, first.error);
}
