import type { z } from 'zod';

/** Where a schema wants bigints: by the way from a value to them. */
interface Places {
  readonly own: boolean;
  readonly fields?: ReadonlyMap<string, Places>;
  /** Of all items, or of all fields that are not named. */
  readonly each?: Places;
  readonly items?: readonly (Places | undefined)[];
}

/** The parts of zod's definitions that lead further. */
interface Def {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly catchall?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly rest?: z.ZodType | null;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly left?: z.ZodType;
  readonly right?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly getter?: () => z.ZodType;
}

/** Deeper no schema is looked into: one that refers to itself has no end. */
const MAX_DEPTH = 16;
const known = new WeakMap<z.ZodType, { readonly places: Places | undefined }>();

/** JSON has no bigint: it travels as the text of its digits. What a schema wants as one is made one again. */
export function bigintsFromJson(schema: z.ZodType, value: unknown): unknown {
  const places = placesOf(schema);
  return places ? mapped(places, value, fromJson) : value;
}

/** The same the other way: bigints where the schema wants them become texts. Those elsewhere stay, to be refused. */
export function bigintsToJson(schema: z.ZodType, value: unknown): unknown {
  const places = placesOf(schema);
  return places ? mapped(places, value, (one) => (typeof one === 'bigint' ? String(one) : one)) : value;
}

function fromJson(value: unknown): unknown {
  // A whole number that was read from JSON prints as it was written there.
  if (typeof value === 'number' && Number.isInteger(value)) return whole(String(value)) ?? value;
  return typeof value === 'string' ? (whole(value) ?? value) : value;
}

function whole(text: string): bigint | undefined {
  return /^-?\d{1,1000}$/.test(text) ? BigInt(text) : undefined;
}

function mapped(places: Places, value: unknown, change: (value: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return places.own ? change(value) : value;
  if (Array.isArray(value)) {
    const { items, each } = places;
    if (!items && !each) return value;
    return value.map((item: unknown, i) => {
      const at = items && i < items.length ? items[i] : each;
      return at ? mapped(at, item, change) : item;
    });
  }
  const { fields, each } = places;
  if (!fields && !each) return value;
  const copy: Record<string, unknown> = { ...value };
  for (const key of Object.keys(copy)) {
    const at = fields?.get(key) ?? each;
    // Also of a key `__proto__`: the spread has made it a field of the copy's own.
    if (at) copy[key] = mapped(at, copy[key], change);
  }
  return copy;
}

function placesOf(schema: z.ZodType): Places | undefined {
  let found = known.get(schema);
  if (!found) known.set(schema, (found = { places: look(schema, 0) }));
  return found.places;
}

function look(schema: z.ZodType | null | undefined, depth: number): Places | undefined {
  if (!schema || depth > MAX_DEPTH) return undefined;
  const def = schema._zod.def as unknown as Def;
  const into = (inner: z.ZodType | null | undefined) => look(inner, depth + 1);
  switch (def.type) {
    case 'bigint':
      return { own: true };
    case 'object': {
      const fields = new Map<string, Places>();
      for (const [key, field] of Object.entries(def.shape ?? {})) {
        const places = into(field);
        if (places) fields.set(key, places);
      }
      const each = into(def.catchall);
      return fields.size > 0 || each ? { own: false, fields, ...(each && { each }) } : undefined;
    }
    case 'array':
    case 'record': {
      const each = into(def.element ?? def.valueType);
      return each && { own: false, each };
    }
    case 'tuple': {
      const items = (def.items ?? []).map(into);
      const each = into(def.rest);
      return each || items.some(Boolean) ? { own: false, items, ...(each && { each }) } : undefined;
    }
    case 'union':
      // One option that takes digits as something else would be robbed of them.
      return (def.options ?? []).some(takesDigits) ? undefined : joined((def.options ?? []).map(into));
    case 'intersection':
      return joined([into(def.left), into(def.right)]);
    case 'pipe':
      return into(def.in);
    case 'lazy':
      return into(def.getter?.());
    default:
      return into(def.innerType);
  }
}

function takesDigits(schema: z.ZodType): boolean {
  return ['1', 1].some((digits) => schema.safeParse(digits).success);
}

function joined(all: readonly (Places | undefined)[]): Places | undefined {
  const some = all.filter((places) => places !== undefined);
  if (some.length < 2) return some[0];
  const fields = new Map(some.flatMap((places) => [...(places.fields ?? [])]));
  const each = joined(some.map((places) => places.each));
  const items = some.find((places) => places.items)?.items;
  return { own: some.some(({ own }) => own), fields, ...(each && { each }), ...(items && { items }) };
}
