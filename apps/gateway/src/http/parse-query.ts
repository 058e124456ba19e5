import { issuesOf } from '@lovage/task';
import type { z } from 'zod';
import { ProblemError } from '../problems/problem-error.ts';

/** The query as the schema gives it. @throws ProblemError `query_invalid` naming each parameter that is wrong */
export function parseQuery<S extends z.ZodType>(schema: S, query: unknown): z.output<S> {
  const parsed = schema.safeParse({ ...(query as object) });
  if (parsed.success) return parsed.data;
  throw queryInvalid(
    issuesOf('', parsed.error).map(({ path, message }) => ({ path: `query.${path.replace(/^\./, '')}`, message })),
  );
}

/** Parameters of the query that will not do. */
export function queryInvalid(errors: readonly { path: string; message: string }[]): ProblemError {
  return new ProblemError('query_invalid', errors.map(({ path, message }) => `${path}: ${message}`).join('; '), {
    errors,
  });
}
