import { LovageError } from '@lovage/foundation';

/** How many rules one mapping has at most. */
export const MAX_MAPPING_RULES = 100;
/** How deep a path goes at most, and how long it is. */
export const MAX_MAPPING_DEPTH = 32;
export const MAX_MAPPING_PATH = 200;
/** How many values (each field, element and text a hundred characters counts as one) all rules together may write into one input. */
const MAX_WRITTEN = 200_000;

/**
 * One edit of an input. Paths name fields with dots: `customer.name`, `items.0.sku`; `items.*.sku` means that field of each element of
 * the list `items`, or of each value of an object.
 *
 * - `set`: the field has this value, whatever it had.
 * - `default`: the same where the field is missing.
 * - `remove`: the field goes. Nothing where it is missing.
 * - `rename`: it goes by another path, within the same element where both have a `*`. Nothing where it is missing.
 * - `copy`: the same, and stays where it was.
 *
 * `set` and `default` make the objects on the way; an element that a list does not have is never made.
 */
export type MappingRule =
  | { readonly op: 'set' | 'default'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'rename' | 'copy'; readonly path: string; readonly to: string };

/** A mapping cannot be applied to an input: the input has something else where the mapping expects fields. */
export class MappingError extends LovageError {
  readonly code = 'mapping_invalid';
  constructor(
    /** Which rule, from 0. */
    readonly rule: number,
    readonly path: string,
    message: string,
  ) {
    super(`rule ${rule + 1} of the mapping, ${path}: ${message}`);
  }
}

type Fields = Record<string, unknown> | unknown[];

/**
 * The input with all rules applied, in their order; the given one stays as it is. Takes time linear in the size of the input for each
 * rule; what the rules write together is bounded, so a `copy` into itself a hundred times ends with an error.
 * @throws MappingError
 */
export function mapInput(input: unknown, rules: readonly MappingRule[]): unknown {
  const copy: unknown = structuredClone(input);
  const budget = new Budget();
  rules.forEach((rule, index) => {
    if (!isFields(copy)) throw new MappingError(index, rule.path, 'the input has no fields');
    const refuse: Refuse = (path, reason) => new MappingError(index, path, reason);
    applyRule(copy, rule, refuse, (value) => {
      if (!budget.take(value))
        throw refuse(rule.path, `the mapping writes more than ${MAX_WRITTEN} values into one input`);
      return structuredClone(value);
    });
  });
  return copy;
}

/** Why it is no path, for people; undefined: it is one. */
export function pathProblem(path: string, wildcards = true): string | undefined {
  if (path.length > MAX_MAPPING_PATH) return `a path has at most ${MAX_MAPPING_PATH} characters`;
  const names = path.split('.');
  if (names.length > MAX_MAPPING_DEPTH) return `a path has at most ${MAX_MAPPING_DEPTH} names`;
  if (names.includes('')) return 'names of fields with a dot between, such as customer.name';
  if (names.some((name) => name === '__proto__' || name === 'constructor' || name === 'prototype'))
    return '__proto__, constructor and prototype are no fields';
  if (!wildcards && names.includes('*')) return '* stands for each element where a value goes, and has no place here';
  if (names.at(-1) === '*') return '* is followed by the name of a field';
  return undefined;
}

type Refuse = (path: string, reason: string) => MappingError;
/** A copy of its own. */
type Clone = (value: unknown) => unknown;

/** Counts what is written, and stops counting where it is too much. */
class Budget {
  private left = MAX_WRITTEN;

  take(value: unknown): boolean {
    this.left -= typeof value === 'string' ? 1 + value.length / 100 : 1;
    if (!isFields(value)) return this.left >= 0;
    for (const inner of Object.values(value)) if (this.left < 0 || !this.take(inner)) return false;
    return this.left >= 0;
  }
}

function applyRule(root: Fields, rule: MappingRule, refuse: Refuse, clone: Clone): void {
  if (rule.op === 'rename' || rule.op === 'copy')
    return move(root, rule.path.split('.'), rule.to.split('.'), rule, refuse, clone);
  const names = rule.path.split('.');
  const last = names.at(-1)!;
  each(root, names.slice(0, -1), rule.op !== 'remove', rule.path, refuse, (fields) => {
    if (!('value' in rule)) return remove(fields, last);
    if (rule.op === 'default' && read(fields, last) !== undefined) return;
    write(fields, last, clone(rule.value), rule.path, refuse);
  });
}

/** What both paths begin with, up to the last `*` that they share, is walked once: so each element keeps its own. */
function move(
  root: Fields,
  from: readonly string[],
  to: readonly string[],
  rule: { readonly op: 'rename' | 'copy'; readonly path: string; readonly to: string },
  refuse: Refuse,
  clone: Clone,
): void {
  const shared = sharedWildcards(from, to);
  if (from.slice(shared).includes('*') || to.slice(shared).includes('*'))
    throw refuse(rule.to, 'a * stands in both paths, behind the same names, or in none');
  each(root, from.slice(0, shared), false, rule.path, refuse, (fields) => {
    const [rest, target] = [from.slice(shared), to.slice(shared)];
    each(fields, rest.slice(0, -1), false, rule.path, refuse, (source) => {
      const value = read(source, rest.at(-1)!);
      if (value === undefined) return;
      if (rule.op === 'rename') remove(source, rest.at(-1)!);
      each(fields, target.slice(0, -1), true, rule.to, refuse, (place) =>
        write(place, target.at(-1)!, rule.op === 'copy' ? clone(value) : value, rule.to, refuse),
      );
    });
  });
}

/** How many names to walk before the paths part: up to and with the last `*` that stands in both at the same place. */
function sharedWildcards(from: readonly string[], to: readonly string[]): number {
  let shared = 0;
  for (let i = 0; i < Math.min(from.length, to.length) - 1 && from[i] === to[i]; i += 1)
    if (from[i] === '*') shared = i + 1;
  return shared;
}

/** Calls with what the names lead to. What is missing is made, or ends it there. */
function each(
  fields: Fields,
  names: readonly string[],
  make: boolean,
  path: string,
  refuse: Refuse,
  call: (fields: Fields) => void,
): void {
  const [name, ...rest] = names;
  if (name === undefined) return call(fields);
  if (name === '*') {
    for (const value of Object.values(fields)) if (isFields(value)) each(value, rest, make, path, refuse, call);
    return;
  }
  let value = read(fields, name);
  if (value === undefined || (value === null && make)) {
    if (!make) return;
    value = {};
    write(fields, name, value, path, refuse);
  }
  if (isFields(value)) return each(value, rest, make, path, refuse, call);
  if (make) throw refuse(path, `${name} is there, and has no fields`);
}

function read(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? (fields as Record<string, unknown>)[name] : undefined;
}

function write(fields: Fields, name: string, value: unknown, path: string, refuse: Refuse): void {
  if (Array.isArray(fields) && !(/^\d+$/.test(name) && Number(name) < fields.length))
    throw refuse(path, `the list has no element ${name}`);
  Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
}

function remove(fields: Fields, name: string): void {
  if (!Array.isArray(fields)) delete fields[name];
  else if (/^\d+$/.test(name) && Number(name) < fields.length) fields.splice(Number(name), 1);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
