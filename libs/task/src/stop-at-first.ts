import type { z } from 'zod';

/** Of a check: whether what it finds ends the reading of a list. */
interface CheckDef {
  abort?: boolean | undefined;
  [key: string]: unknown;
}
/** Schemas and checks alike. */
interface Node {
  readonly _zod: { readonly def: CheckDef; readonly innerType?: unknown };
}

const found = new WeakMap<z.ZodType, readonly CheckDef[]>();

/**
 * Runs something with every check of the schema one that aborts: with `abortEarly`, lists end then at their first wrong item,
 * also where that is only too short. Which values fit stays the same. For work that does not wait.
 */
export function stopAtFirst<T>(schema: z.ZodType, work: () => T): T {
  let checks = found.get(schema);
  if (!checks) found.set(schema, (checks = goingOn(schema)));
  if (checks.length === 0) return work();
  for (const check of checks) check.abort = true;
  try {
    return work();
  } finally {
    for (const check of checks) check.abort = false;
  }
}

/** The checks in a schema, and in all within it, that do not abort. */
function goingOn(schema: z.ZodType): CheckDef[] {
  const seen = new Set<unknown>();
  const checks: CheckDef[] = [];
  const open: unknown[] = [schema];
  while (open.length > 0) {
    const node = open.pop();
    if (node === null || typeof node !== 'object' || seen.has(node)) continue;
    seen.add(node);
    if (Array.isArray(node)) open.push(...(node as unknown[]));
    else if (isNode(node)) {
      const { def } = node._zod;
      if (def['check'] !== undefined && !def.abort) checks.push(def);
      open.push(...Object.values(def));
      // Of `z.lazy`, whose definition has a function alone.
      if (def['type'] === 'lazy') open.push(node._zod.innerType);
      // Fields of an object.
      if (def['type'] === 'object') open.push(...Object.values(def['shape'] as object));
    }
  }
  return checks;
}

function isNode(value: object): value is Node {
  return typeof (value as { _zod?: { def?: unknown } })._zod?.def === 'object';
}
