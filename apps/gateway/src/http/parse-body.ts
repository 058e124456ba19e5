import { issuesOf } from '@lovage/task';
import type { z } from 'zod';
import { ProblemError } from '../problems/problem-error.ts';

/** The body as the schema gives it. @throws ProblemError `body_invalid`, or `options_invalid` when only options are wrong. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const errors = issuesOf('', parsed.error).map(({ path, message }) => ({
    path: path.replace(/^\./, '') || 'body',
    message,
  }));
  const onlyOptions = errors.every(({ path }) => path === 'options' || path.startsWith('options.'));
  throw new ProblemError(
    onlyOptions ? 'options_invalid' : 'body_invalid',
    errors.map(({ path, message }) => `${path}: ${message}`).join('; '),
    { errors },
  );
}
