import { closest } from '@lovage/foundation';
import { z } from 'zod';

type Whole = readonly unknown[] | Date | ((...args: never[]) => unknown);

/** Levels of an input below which paths are no longer listed by name: recursive inputs have no end. */
type Deeper = [never, 0, 1, 2, 3, 4];

/** Paths to the fields of an input, with dots: `'tenant' | 'user' | 'user.id'`. Any text below what has no known type. */
export type FieldPath<I, Depth extends number = 5> = {
  [K in keyof I]-?: K extends string ? K | `${K}.${Below<NonNullable<I[K]>, Depth>}` : never;
}[keyof I];

type Below<V, Depth extends number> = [Depth] extends [never]
  ? string
  : V extends Whole
    ? V extends readonly (infer E)[]
      ? `${number}` | `${number}.${Below<NonNullable<E>, Deeper[Depth]>}`
      : never
    : V extends object
      ? [keyof V] extends [never]
        ? string
        : FieldPath<V, Deeper[Depth]> & string
      : never;

/** What a path leads to; undefined where nothing is. */
export function valueAt(input: unknown, path: string): unknown {
  let value = input;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/**
 * Whether values of a schema may have something at that path. What cannot be told from outside (unions, transforms) is
 * believed.
 * @throws RangeError naming what is not there, and what was probably meant.
 */
export function checkFieldPath(schema: z.ZodType, path: string): void {
  let at: z.ZodType | undefined = schema;
  const above: string[] = [];
  for (const name of path.split('.')) {
    const step: Step = at === undefined ? 'any' : stepInto(at, name);
    if (step === 'none') throw new RangeError(`${above.join('.')} has no fields`);
    if (step instanceof Missing) {
      const near = closest(name, step.known);
      const where = above.length === 0 ? 'the input' : above.join('.');
      throw new RangeError(
        `${where} has no field ${JSON.stringify(name)}${near ? `; did you mean ${near}?` : ''} (it has: ${step.known.join(', ') || 'none'})`,
      );
    }
    at = step === 'any' ? undefined : step;
    above.push(name);
  }
}

class Missing {
  constructor(readonly known: readonly string[]) {}
}

type Step = z.ZodType | 'any' | 'none' | Missing;

/** Kinds of schema whose values have no fields. */
const PLAIN = new Set(['string', 'number', 'boolean', 'bigint', 'date', 'enum', 'null', 'literal', 'nan', 'never']);

function stepInto(schema: z.ZodType, name: string): Step {
  const inner = unwrap(schema);
  if (inner === undefined) return 'any';
  if (inner instanceof z.ZodObject) {
    const shape = inner.shape as Record<string, z.ZodType>;
    if (Object.hasOwn(shape, name)) return shape[name]!;
    const rest = inner.def.catchall;
    return rest === undefined || rest instanceof z.ZodNever ? new Missing(Object.keys(shape)) : (rest as z.ZodType);
  }
  if (inner instanceof z.ZodArray)
    return /^\d+$/.test(name) ? (inner.element as z.ZodType) : new Missing(['0', '1', '…']);
  return PLAIN.has(inner.def.type) ? 'none' : 'any';
}

/** Without its coats, as it comes out; undefined where that cannot be told. */
function unwrap(schema: z.ZodType): z.ZodType | undefined {
  let inner = schema;
  for (;;) {
    const def = inner.def as { innerType?: z.ZodType; out?: z.ZodType; getter?: () => z.ZodType };
    if (inner instanceof z.ZodTransform) return undefined;
    if (inner instanceof z.ZodPipe) inner = def.out!;
    else if (inner instanceof z.ZodLazy) inner = def.getter!();
    else if (def.innerType !== undefined && !(inner instanceof z.ZodPromise)) inner = def.innerType;
    else return inner;
  }
}
