import { listIssues, submitIssues, type SubmitDefaults } from '@lovage/task';
import type { SubmitOptionsBody } from '@lovage/http-api';
import { ProblemError } from '../problems/problem-error.ts';

/** How far a caller's clock may be behind ours: an eta not older than this means now, ms. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Refuses options that fit their schema and yet cannot be meant: by the rules of every submit, and an eta that has passed, which a
 * program may give and a person does by mistake.
 * @param defaults what the options leave out is as they say: the contract's.
 * @throws ProblemError `options_invalid`
 */
export function checkOptions(defaults: SubmitDefaults, options: SubmitOptionsBody, now: number): void {
  const errors = submitIssues(options, now, defaults).map(({ path, message }) => ({
    path: `options.${path}`,
    message,
  }));
  if (options.delay === undefined && options.eta && options.eta.getTime() < now - CLOCK_SKEW_MS)
    errors.unshift({ path: 'options.eta', message: 'is in the past' });
  if (errors.length > 0) throw new ProblemError('options_invalid', listIssues(errors), { errors });
}
