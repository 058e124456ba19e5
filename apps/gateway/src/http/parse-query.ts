import { checkValue, listIssues, type Issue } from '@lovage/task';
import type { z } from 'zod';
import { ProblemError } from '../problems/problem-error.ts';

/** The query as the schema gives it. @throws ProblemError `query_invalid` naming each parameter that is wrong */
export function parseQuery<S extends z.ZodType>(schema: S, query: unknown): z.output<S> {
  const checked = checkValue(schema, 'query', { ...(query as object) });
  if (!checked.issues) return checked.value;
  throw queryInvalid(checked.issues);
}

/** Parameters of the query that will not do. */
export function queryInvalid(errors: readonly Issue[]): ProblemError {
  return new ProblemError('query_invalid', listIssues(errors), { errors });
}
