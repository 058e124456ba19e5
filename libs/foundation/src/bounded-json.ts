/** A value that JSON cannot carry as it is, and where it stands: `.items.3`, empty for the value itself. */
export class NotJsonError extends Error {
  constructor(
    readonly path: string,
    what: string,
  ) {
    super(what);
  }
}

/** The text would be longer than it may be. It was not built. */
export class JsonTooLargeError extends Error {
  constructor(readonly maxBytes: number) {
    super(`is larger than ${maxBytes} bytes as JSON`);
  }
}

/** Deeper a value is circular, or nothing that Postgres or another JSON reader takes. */
const MAX_DEPTH = 500;
/** Longest path that an error tells, characters. */
const MAX_PATH = 200;

/** By what `Object.prototype.toString` calls them, in any realm: objects that `JSON.stringify` makes an empty or another object of. */
const NO_JSON: ReadonlySet<string> = new Set(
  [
    ...['Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'Promise', 'RegExp', 'Error', 'Generator', 'AsyncGenerator'],
    ...['ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'BigInt', 'Symbol', 'AsyncFunction', 'GeneratorFunction'],
  ].map((name) => `[object ${name}]`),
);
const BOXED: ReadonlySet<string> = new Set(['[object Number]', '[object String]', '[object Boolean]']);

/**
 * What `JSON.stringify` writes, refused where it would write something else than it was given: NaN, Infinity, bigints, functions,
 * symbols, Map, Set, invalid dates and what else it silently drops or empties. Absent fields (`undefined`) are left out as usual.
 * It stops as soon as the text is sure to exceed `maxBytes`: neither time nor memory grows past that. Each getter and `toJSON` is
 * asked once.
 * @param maxBytes of UTF-8. At most 64 MiB: V8 ends the process at texts of 512 MiB, and a character may be escaped twice.
 * @throws NotJsonError JsonTooLargeError, and what getters and `toJSON` throw.
 */
export function boundedJson(value: unknown, maxBytes: number): string {
  // What most results are; nothing below is worth its set-up for them.
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number' && Number.isFinite(value)) return String(value === 0 ? 0 : value);
  const json = new BoundedJson(maxBytes).of(value, 0);
  // So many characters are no fewer bytes; whether they are more is worth asking only near the bound.
  if (json.length * 3 > maxBytes && utf8Length(json) > maxBytes) throw new JsonTooLargeError(maxBytes);
  return json;
}

/** One walk. Where it fails the path is found on the way out. */
class BoundedJson {
  private left: number;

  constructor(private readonly maxBytes: number) {
    this.left = maxBytes;
  }

  of(value: unknown, depth: number): string {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        if (!Number.isFinite(value)) throw new NotJsonError('', `is ${value}, which JSON does not have`);
        return this.take(String(value === 0 ? 0 : value));
      case 'boolean':
        return this.take(value ? 'true' : 'false');
      case 'undefined':
        return this.take('null');
      case 'object':
        return value === null ? this.take('null') : this.object(value, depth);
      case 'bigint':
        // Applications teach it to some: then it is a text.
        if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return this.viaToJson(value, depth);
        throw new NotJsonError('', 'is a bigint, which JSON does not have; give its digits as a text');
      default:
        throw new NotJsonError('', `is a ${typeof value}, which JSON does not have`);
    }
  }

  /** Before the text is made: a huge one never is. */
  private text(value: string): string {
    if (value.length > this.left) throw new JsonTooLargeError(this.maxBytes);
    return this.take(JSON.stringify(value));
  }

  private take(json: string): string {
    this.left -= json.length;
    if (this.left < 0) throw new JsonTooLargeError(this.maxBytes);
    return json;
  }

  private object(value: object, depth: number): string {
    if (depth >= MAX_DEPTH) throw new NotJsonError('', `is circular, or nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value) && !('toJSON' in value)) return this.list(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      const tag = Object.prototype.toString.call(value);
      if (BOXED.has(tag)) return this.of((value as { valueOf(): unknown }).valueOf(), depth + 1);
      const withToJson = typeof (value as { toJSON?: unknown }).toJSON === 'function';
      if (!withToJson && (NO_JSON.has(tag) || ArrayBuffer.isView(value)))
        throw new NotJsonError('', `is a ${tag.slice(8, -1)}, which JSON does not have`);
      if (tag === '[object Date]' && Number.isNaN(Number(value))) throw new NotJsonError('', 'is an invalid date');
      if (withToJson) return this.viaToJson(value, depth);
    } else if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return this.viaToJson(value, depth);
    return this.fields(value as Record<string, unknown>, depth);
  }

  private viaToJson(value: object | bigint, depth: number): string {
    const plain = (value as { toJSON(key?: string): unknown }).toJSON('');
    if (typeof plain !== 'object' || plain === null) return this.of(plain, depth + 1);
    // As JSON has it, what it answers is not asked again; a copy would be for that, so only itself is refused.
    if (plain === value) return this.fieldsOrList(plain, depth + 1);
    return this.object(plain, depth + 1);
  }

  private fieldsOrList(value: object, depth: number): string {
    return Array.isArray(value) ? this.list(value, depth) : this.fields(value as Record<string, unknown>, depth);
  }

  private list(value: readonly unknown[], depth: number): string {
    const { length } = value;
    // Each item takes two characters at least: a sparse array of a thousand million is not walked.
    if (length > this.left) throw new JsonTooLargeError(this.maxBytes);
    let json = '[';
    this.left -= 2;
    for (let i = 0; i < length; i += 1) {
      if (i > 0) {
        json += ',';
        this.left -= 1;
      }
      try {
        json += this.of(value[i], depth + 1);
      } catch (error) {
        throw below(i, error);
      }
    }
    return json + ']';
  }

  private fields(value: Record<string, unknown>, depth: number): string {
    let json = '{';
    this.left -= 2;
    for (const key of Object.keys(value)) {
      const field = value[key];
      if (field === undefined) continue;
      if (json.length > 1) {
        json += ',';
        this.left -= 1;
      }
      json += this.text(key) + ':';
      this.left -= 1;
      try {
        json += this.of(field, depth + 1);
      } catch (error) {
        throw below(key, error);
      }
    }
    return json + '}';
  }
}

/** The same one level up. */
function below(key: string | number, error: unknown): unknown {
  if (!(error instanceof NotJsonError)) return error;
  const path = `.${String(key).slice(0, MAX_PATH)}${error.path}`;
  return new NotJsonError(path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path, error.message);
}

/** Without the bytes: they are as many as may be kept. A half of a surrogate pair is not there, as JSON escapes it. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // Two units of a pair are four bytes, so each counts for two.
    if (unit > 0x7f) length += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return length;
}
