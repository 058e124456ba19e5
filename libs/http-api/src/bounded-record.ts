import { z } from 'zod';

/** An object of at most so many members; they are counted before any is looked at. */
export function boundedRecord<K extends z.ZodString, V extends z.ZodType>(
  key: K,
  value: V,
  max: number,
  error: string,
) {
  return z.preprocess(
    (given, context) => {
      if (!hasMoreThan(given, max)) return given;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    },
    z.record(key, value),
  );
}

function hasMoreThan(given: unknown, max: number): boolean {
  if (typeof given !== 'object' || given === null) return false;
  return Object.keys(given).length > max;
}
