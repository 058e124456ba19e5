import type { z } from 'zod';
import { MAX_TAGS } from '../task-extra.ts';
import { checkFieldPath, valueAt } from './field-path.ts';
import { shown } from './checks.ts';

/** Characters of a path, at most: a value must fit behind it. */
const MAX_PATH = 50;

/**
 * @param input schema of the contract's input: the paths must lead to something in it. Undefined: it is not known.
 * @throws RangeError
 */
export function compileTags(given: unknown, input?: z.ZodObject): readonly string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length > MAX_TAGS)
    throw new RangeError(`tags: must be a list of at most ${MAX_TAGS} fields, such as ['tenant', 'order.id']`);
  for (const [i, path] of (given as unknown[]).entries()) {
    if (typeof path !== 'string' || path.length > MAX_PATH || !/^[^.:\p{Cc}]+(\.[^.:\p{Cc}]+)*$/u.test(path))
      throw new RangeError(`tags.${i}: ${shown(path)} is no path of a field, such as "order.id"`);
    try {
      if (input) checkFieldPath(input, path);
    } catch (error) {
      throw new RangeError(`tags.${i}: ${(error as Error).message}`, { cause: error });
    }
  }
  return [...new Set(given as string[])];
}

/** The tag of a field with a value. */
export function fieldTag(path: string, value: string | number | boolean): string {
  return `${path}:${String(value)}`;
}

/**
 * The tags that a contract takes from an input, `tenant:acme`; none of a field that is not there, or holds no text, number or boolean.
 * What is no tag is given as it is: the code that checks it tells why.
 */
export function tagsOfInput(paths: readonly string[], input: unknown): string[] {
  const tags: string[] = [];
  for (const path of paths) {
    const value = valueAt(input, path);
    if (typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value !== ''))
      tags.push(fieldTag(path, value));
  }
  return tags;
}
