import { InputInvalidError } from '@lovage/task';

/** Longest JSON text of an input, in UTF-16 units. Workers refuse bodies from 16 MiB on, and a unit is at most 3 bytes. */
const MAX_LENGTH = 4 * 1024 * 1024;
/** Deepest nesting of an input; workers refuse what is deeper. */
const MAX_DEPTH = 64;

/**
 * The JSON text of an input, made once. Refuses what a worker would not take: it would go to the dead letters there, and its
 * caller would wait.
 * @throws InputInvalidError
 */
export function inputJson(contract: string, input: unknown): string {
  const refuse = (path: string, message: string): never => {
    throw new InputInvalidError(contract, [{ path, message }]);
  };
  inspect(input, 'input', 1, refuse);
  let json: string;
  try {
    json = JSON.stringify(input);
  } catch (error) {
    return refuse('input', `is no JSON: ${(error as Error).message}`);
  }
  if (json.length > MAX_LENGTH)
    refuse('input', `is longer than ${MAX_LENGTH} characters of JSON; send a reference to it instead`);
  return json;
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
