import { boundedJson, fieldOf, JsonTooLargeError, NotJsonError, textOf } from '@lovage/foundation';
import { bigintsToJson, InputInvalidError, type AnyContract } from '@lovage/task';

/** Longest JSON text of an input, in UTF-16 units. Workers refuse bodies from 16 MiB on, and a unit is at most 3 bytes. */
const MAX_LENGTH = 4 * 1024 * 1024;
const TOO_LONG = `is longer than ${MAX_LENGTH} characters of JSON; send a reference to it instead`;
/** Deepest nesting of an input; workers refuse what is deeper. */
const MAX_DEPTH = 64;

/**
 * The JSON text of an input, made once. Refuses what a worker would not take: it would go to the dead letters there, and its
 * caller would wait.
 * @param schema of the contract, where it is known.
 * @throws InputInvalidError naming what JSON cannot carry as it is.
 */
export function inputJson(contract: string, input: unknown, schema?: AnyContract['input']): string {
  const refuse = (path: string, message: string): never => {
    throw new InputInvalidError(contract, [{ path, message }]);
  };
  inspect(input, 'input', 1, refuse);
  let json: string;
  try {
    json = written(input, schema);
  } catch (error) {
    if (error instanceof NotJsonError) return refuse(`input${error.path}`, error.message);
    if (error instanceof JsonTooLargeError) return refuse('input', TOO_LONG);
    return refuse('input', `is no JSON: ${textOf(fieldOf(error, 'message') ?? error)}`);
  }
  if (json.length > MAX_LENGTH) refuse('input', TOO_LONG);
  return json;
}

/** Bigints where the schema wants them travel as texts; no other input is looked through for them. */
function written(input: unknown, schema: AnyContract['input'] | undefined): string {
  try {
    return boundedJson(input, 3 * MAX_LENGTH);
  } catch (error) {
    if (!(error instanceof NotJsonError) || !schema) throw error;
    return boundedJson(bigintsToJson(schema, input), 3 * MAX_LENGTH);
  }
}

function inspect(value: unknown, path: string, depth: number, refuse: (path: string, message: string) => never): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) refuse(path.slice(0, 200), `is nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1)
      if (typeof value[i] === 'object') inspect(value[i], `${path}.${i}`, depth + 1, refuse);
    return;
  }
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (key === '__proto__' || (key === 'constructor' && hasPrototype(member)))
      refuse(`${path}.${key}`, 'is a name that is not allowed');
    if (typeof member === 'object') inspect(member, `${path}.${key}`, depth + 1, refuse);
  }
}

function hasPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}
