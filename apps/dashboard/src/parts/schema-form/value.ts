import { LosslessNumber } from 'lossless-json';
import { isBigNumber } from '../../api/json.ts';
import {
  branchesOf,
  furtherOf,
  isObject,
  itemOf,
  kindOf,
  propertiesOf,
  resolve,
  type JsonObject,
  type Schema,
} from './schema.ts';

/** Levels of required objects that a form begins with: a schema may hold itself. */
const START_DEPTH = 8;
/** Levels that are looked at to tell branches of a union apart. */
const LOOK_DEPTH = 3;
/** A number of JSON. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What a number field makes of what is typed: a number with every digit, or the text itself: the gateway then says what is wrong with it. */
export function numberOf(text: string): LosslessNumber | string {
  const trimmed = text.trim();
  return NUMBER.test(trimmed) ? new LosslessNumber(trimmed) : text;
}

/** What a field shows of a value, digit by digit. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return isBigNumber(value) ? value.value : String(value as string | number | boolean);
}

/** What a form begins with: defaults and what has one value alone; texts, numbers and choices are left open. */
export function startOf(schema: Schema, root: Schema, depth = 0): unknown {
  if (schema['default'] !== undefined) return schema['default'];
  return emptyOf(schema, root, depth);
}

/** An input to try: the schema's own example, else that of each field. undefined: it has none. */
export function exampleOf(schema: Schema, root: Schema, depth = 0): unknown {
  const given: unknown = Array.isArray(schema['examples']) ? schema['examples'][0] : undefined;
  if (given !== undefined || kindOf(schema) !== 'object' || depth > START_DEPTH) return given;
  const fields = propertiesOf(schema, root);
  const examples = new Map(fields.map((one) => [one.name, exampleOf(one.schema, root, depth + 1)]));
  if (![...examples.values()].some((one) => one !== undefined)) return undefined;
  const filled = fields.map(({ name, schema: field, required }) => {
    return [name, examples.get(name) ?? (required ? startOf(field, root) : undefined)] as const;
  });
  return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
}

/** Of a choice the one value that there is; else it is left to be chosen. */
function onlyOf(schema: Schema): unknown {
  const values = schema['enum'] as unknown[];
  return values.length === 1 ? values[0] : undefined;
}

/** The value of a kind with nothing filled in. */
function emptyOf(schema: Schema, root: Schema, depth = 0): unknown {
  switch (kindOf(schema)) {
    case 'const':
      return schema['const'];
    case 'choice':
      return onlyOf(schema);
    case 'boolean':
      return false;
    case 'null':
      return null;
    case 'list':
      return emptyList(schema, root, depth);
    case 'object':
      return emptyObject(schema, root, depth);
    case 'union':
      return depth > START_DEPTH ? null : startOf(resolve(branchesOf(schema)[0], root), root, depth + 1);
    default:
      return '';
  }
}

function emptyList(schema: Schema, root: Schema, depth: number): unknown[] {
  if (depth > START_DEPTH) return [];
  const first = Array.isArray(schema['prefixItems']) ? schema['prefixItems'].length : 0;
  const least = typeof schema['minItems'] === 'number' ? Math.min(schema['minItems'], 20) : 0;
  const length = Math.max(first, least);
  return Array.from({ length }, (_, n) => newItem(itemOf(schema, n, root), root, depth + 1));
}

/** An item that is added to a list; there is no leaving it open. */
export function newItem(schema: Schema, root: Schema, depth = 0): unknown {
  return startOf(schema, root, depth) ?? (kindOf(schema) === 'choice' ? (schema['enum'] as unknown[])[0] : null);
}

function emptyObject(schema: Schema, root: Schema, depth: number): JsonObject {
  if (depth > START_DEPTH) return {};
  return Object.fromEntries(
    propertiesOf(schema, root)
      .filter((one) => one.required)
      .map((one) => [one.name, startOf(one.schema, root, depth + 1)] as const)
      .filter(([, value]) => value !== undefined),
  );
}

/** The object with a field set, where it was or at the end; undefined: left out. */
export function withField(object: JsonObject, name: string, value: unknown): JsonObject {
  if (value === undefined)
    return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name)) as JsonObject;
  return { ...object, [name]: value };
}

/** The object with a field of another name in the same place. */
export function renamed(object: JsonObject, from: string, to: string): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key === from ? to : key, value]));
}

/** Whether a field of this kind can show the value. A number may still be typed: then it is a text. */
export function shows(schema: Schema, value: unknown): boolean {
  switch (kindOf(schema)) {
    case 'text':
      return typeof value === 'string' || value === undefined;
    case 'number':
      return ['number', 'string', 'undefined'].includes(typeof value) || isBigNumber(value);
    case 'boolean':
      return typeof value === 'boolean' || value === undefined;
    case 'list':
      return Array.isArray(value) || value === undefined;
    case 'object':
      return isObject(value) || value === undefined;
    case 'choice':
      return value === undefined || (schema['enum'] as unknown[]).some((one) => same(one, value));
    case 'const':
      return value === undefined || same(schema['const'], value);
    case 'null':
      return value === null || value === undefined;
    default:
      return true;
  }
}

/** Whether two plain values are the same; numbers by their digits. */
export function same(one: unknown, other: unknown): boolean {
  if (isBigNumber(one) || isBigNumber(other))
    return textOf(one) === textOf(other) && !isObject(one) && !isObject(other);
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** How well a value fits a schema: 0 not at all; more fields that it knows are more. */
export function fit(schema: Schema, value: unknown, root: Schema, depth = 0): number {
  const kind = kindOf(schema);
  if (kind === 'union') {
    if (depth > LOOK_DEPTH) return 1;
    return Math.max(...branchesOf(schema).map((one) => fit(resolve(one, root), value, root, depth + 1)));
  }
  if (value === undefined || !shows(schema, value)) return 0;
  // What is typed of a number fits a text better.
  if (kind === 'number') return typeof value === 'string' ? 0.5 : 2;
  if (kind !== 'object' || !isObject(value) || depth > LOOK_DEPTH) return kind === 'const' || kind === 'choice' ? 3 : 2;
  const fields = propertiesOf(schema, root);
  let score = 2;
  for (const field of fields) {
    if (!Object.hasOwn(value, field.name)) score -= field.required ? 1 : 0;
    else {
      const one = fit(field.schema, value[field.name], root, depth + 1);
      if (one === 0 && kindOf(field.schema) === 'const') return 0;
      score += one > 0 ? 1 : -0.5;
    }
  }
  const known = new Set(fields.map(({ name }) => name));
  if (furtherOf(schema, root) === undefined) for (const name of Object.keys(value)) if (!known.has(name)) score -= 1;
  return Math.max(0.1, score);
}

/** Which branch of a union a value is of: the first that fits best. */
export function branchOf(schema: Schema, value: unknown, root: Schema): number {
  let best = 0;
  let most = 0;
  for (const [n, branch] of branchesOf(schema).entries()) {
    const score = fit(resolve(branch, root), value, root);
    if (score > most) [best, most] = [n, score];
  }
  return best;
}
