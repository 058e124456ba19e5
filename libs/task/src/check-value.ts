import { fitText } from '@lovage/foundation';
import { z } from 'zod';
import type { Issue } from './issue.ts';
import { stopAtFirst } from './stop-at-first.ts';

/** Things wrong with one value that are told, at most. */
export const MAX_ISSUES = 100;
/** Values in a value, itself included, of which all things wrong are looked for. Of a larger one the first is told. */
const MAX_SEARCHED = 10_000;
/** Of a path and of a message, characters. Keys are the sender's: one may be a megabyte. */
const MAX_PATH = 500;
const MAX_MESSAGE = 1_000;
/** Names of unknown fields that one issue tells, and characters of each. */
const MAX_NAMES = 10;
const MAX_NAME = 64;

export type CheckedValue<T> =
  | { readonly value: T; readonly issues?: undefined }
  | {
      /** What is wrong: at least one thing, at most {@link MAX_ISSUES}. */
      readonly issues: readonly Issue[];
    };

/**
 * The value as the schema gives it, or what is wrong with it: of a value of more than 10,000 parts the first thing at least, else
 * up to {@link MAX_ISSUES}. Each object's unknown fields are one thing. Neither time nor answer grows faster than the value.
 * @param root what paths begin with, such as `input`; empty: paths begin with the field.
 */
export function checkValue<S extends z.ZodType>(schema: S, root: string, value: unknown): CheckedValue<z.output<S>> {
  // Most values are right. Of those that are not, all is looked for only where that is little.
  const first = stopAtFirst(schema, () => run(schema, value, true));
  if (first.issues.length === 0) return { value: first.value as z.output<S> };
  const all = !hasManyUnknown(first) && hasAtMost(value, MAX_SEARCHED) ? run(schema, value, false) : first;
  const issues = new IssueList();
  // A refinement that is of two minds: the first word counts.
  issues.addAll(root === '' ? [] : [root], all.issues.length > 0 ? all.issues : first.issues);
  return { issues: issues.items };
}

interface Ran {
  readonly value: unknown;
  readonly issues: z.core.$ZodRawIssue[];
}

/** `safeParse`, whose error would make a document of each issue, and which cannot be told to stop at the first. */
function run(schema: z.ZodType, value: unknown, abortEarly: boolean): Ran {
  try {
    const ran = schema._zod.run({ value, issues: [] }, { async: false, abortEarly });
    if (ran instanceof Promise) throw new z.core.$ZodAsyncError();
    return ran;
  } catch (error) {
    // Zod passes on the issues of a list as arguments: too many of them are too much for the stack.
    if (!isStackOverflow(error) || hasAtMost(value, MAX_SEARCHED)) throw error;
    const message = 'too many things are wrong with it, or it is nested too deep';
    return { value, issues: [{ code: 'custom', message, input: value }] };
  }
}

/** By its name: it is of another realm where tests run. */
function isStackOverflow(error: unknown): boolean {
  const { name, message } = (error ?? {}) as Partial<Error>;
  return name === 'RangeError' && message === 'Maximum call stack size exceeded';
}

/** They are counted already: to walk so many keys once more takes as long as it took to find them. */
function hasManyUnknown({ issues }: Ran): boolean {
  return issues.some((issue) => issue.code === 'unrecognized_keys' && issue['keys'].length > MAX_SEARCHED);
}

/** Whether the value has so few parts. Circular ones have not. */
function hasAtMost(value: unknown, limit: number): boolean {
  const open = [value];
  for (let seen = 0; open.length > 0; seen += 1) {
    if (seen + open.length > limit) return false;
    const part = open.pop();
    if (part === null || typeof part !== 'object') continue;
    if (Array.isArray(part)) {
      if (part.length > limit) return false;
      for (const item of part) open.push(item);
    } else {
      for (const key in part) {
        open.push((part as Record<string, unknown>)[key]);
        if (open.length > limit) return false;
      }
    }
  }
  return true;
}

/** Issues as they are found, until there are enough. */
class IssueList {
  readonly items: Issue[] = [];

  addAll(above: readonly PropertyKey[], issues: readonly z.core.$ZodRawIssue[]): void {
    for (const issue of issues) {
      if (this.items.length >= MAX_ISSUES) return;
      this.addOne(above, issue);
    }
  }

  private addOne(above: readonly PropertyKey[], raw: z.core.$ZodRawIssue): void {
    const path = [...above, ...(raw.path ?? [])];
    if (raw.code === 'unrecognized_keys') return this.addUnknown(path, raw['keys'] as readonly string[]);
    const meant = raw.code === 'invalid_union' ? meantOption(raw['errors'] as z.core.$ZodIssue[][]) : undefined;
    if (meant) return this.addAll(path, meant as readonly z.core.$ZodRawIssue[]);
    const message = raw.message ?? z.util.finalizeIssue(raw, undefined, z.config()).message;
    this.items.push({ path: pathText(path), message: fitText(message, MAX_MESSAGE) });
  }

  /** One field by its path; of several the object's, with their names. */
  private addUnknown(path: readonly PropertyKey[], keys: readonly string[]): void {
    if (keys.length === 1)
      return void this.items.push({ path: pathText([...path, keys[0]!]), message: 'unknown field' });
    const names = keys.slice(0, MAX_NAMES).map((key) => JSON.stringify(fitText(key, MAX_NAME)));
    const more = keys.length - names.length;
    const message = `unknown fields: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    this.items.push({ path: pathText(path), message });
  }
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    text += `${text === '' ? '' : '.'}${String(step)}`;
    if (text.length > MAX_PATH) break;
  }
  return fitText(text, MAX_PATH);
}

/** The option of a union that the value was meant for: the only one whose kind it has. */
function meantOption(options: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[] | undefined {
  const ofItsKind = options.filter(
    (issues) =>
      !issues.some(({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')),
  );
  return ofItsKind.length === 1 && ofItsKind[0]!.length > 0 ? ofItsKind[0] : undefined;
}
