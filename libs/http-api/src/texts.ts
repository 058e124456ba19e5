import { z } from 'zod';

/** A reason that people read: no control characters but line breaks and tabs. */
export const ReasonText = z
  .string()
  .max(500, { abort: true })
  .regex(/^[\P{Cc}\n\t]*$/u, { error: 'must not hold control characters' });

/** Text of one line, 1 to `max` characters. NUL is no part of any text that is kept; Postgres does not take it. */
export const lineText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max, { abort: true })
    .regex(/^\P{Cc}*$/u, { error: 'must not hold control characters' });
