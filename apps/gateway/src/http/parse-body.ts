import { checkValue, listIssues } from '@lovage/task';
import type { z } from 'zod';
import { ProblemError } from '../problems/problem-error.ts';

/** The body as the schema gives it. @throws ProblemError `body_invalid`, or `options_invalid` when only options are wrong. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const checked = checkValue(schema, '', body);
  if (!checked.issues) return checked.value;
  const errors = checked.issues.map(({ path, message }) => ({ path: path || 'body', message }));
  const onlyOptions = errors.every(({ path }) => path === 'options' || path.startsWith('options.'));
  throw new ProblemError(onlyOptions ? 'options_invalid' : 'body_invalid', listIssues(errors), { errors });
}
