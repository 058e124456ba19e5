// Reads of foreign values: what a handler throws, returns, reports or logs, and what another process says. Such a value may be a
// Proxy, have getters that throw, be circular or be hundreds of MiB large. Nothing here throws, and each read is bounded.

/** Takes the place of what a read that threw would have given. */
const UNREADABLE = Symbol('unreadable');
const UNREADABLE_TEXT = '(cannot be read)';

/** `value[key]`; undefined where there is none, or where reading it throws. */
export function fieldOf(value: unknown, key: PropertyKey): unknown {
  const field = read(value, key);
  return field === UNREADABLE ? undefined : field;
}

/** `value instanceof type`, also for a Proxy that throws at the question: false. */
export function isA<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** Also of another realm (a `vm` context, a test runner's sandbox), whose `Error` is not ours. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
  } catch {
    return false;
  }
}

/**
 * At most `max` characters of a text, the last of them `…` where it was longer. NUL and halves of surrogate pairs, which Postgres
 * does not keep, read U+FFFD.
 */
export function fitText(text: string, max: number): string {
  const short = text.length > max ? `${text.slice(0, Math.max(0, max - 1))}…` : text;
  return short.replace(/\0|\p{Surrogate}/gu, '\uFFFD');
}

/** A value as a text of at most `max` characters. Methods of objects are not called, except `toJSON`. */
export function textOf(value: unknown, max = 200): string {
  if (typeof value === 'string') return fitText(value, max);
  const plain = plainOf(value, { maxChars: max, maxNodes: 100 });
  return fitText(typeof plain === 'string' ? plain : plain === undefined ? 'undefined' : JSON.stringify(plain), max);
}

export interface PlainBounds {
  /** Characters of all keys and texts together. Default 6000. */
  readonly maxChars?: number;
  /** Values of all levels together. Default 1000. */
  readonly maxNodes?: number;
  /** Levels of objects within objects. Default 8. */
  readonly maxDepth?: number;
}

/**
 * A copy of a value that JSON can always write: for people to read, not to compute with. What JSON has no word for is told in a
 * text (`[function f]`, `[Map of 3]`, `[circular]`, a bigint's digits), an error becomes its {@link ErrorDetails}, and what exceeds
 * the bounds is left out, with `…` in its place.
 */
export function plainOf(value: unknown, bounds: PlainBounds = {}): unknown {
  return new PlainCopy(bounds).of(value, 0);
}

/** {@link plainOf} of an object's fields. What is no object gives none. */
export function plainFields(fields: unknown, bounds?: PlainBounds): Record<string, unknown> {
  if (typeof fields !== 'object' || fields === null) return {};
  const plain = plainOf(isError(fields) ? { err: fields } : fields, bounds);
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain)
    ? (plain as Record<string, unknown>)
    : { value: plain };
}

/** What is kept of an error, and of what led to it. */
export interface ErrorDetails {
  /** Its `name`. At most {@link MAX_ERROR_TYPE} characters. */
  readonly type: string;
  /** At most {@link MAX_ERROR_MESSAGE} characters; of a cause an eighth. */
  readonly message: string;
  /** Its `code`, such as `ECONNREFUSED`, when it is a text (200 characters are kept) or a number. */
  readonly code?: string | number;
  /** What led to it (`error.cause`). */
  readonly cause?: ErrorDetails;
  /** Those that an `AggregateError` stands for: the first {@link MAX_ERROR_ERRORS}. */
  readonly errors?: ErrorDetails[];
  /** At most {@link MAX_ERROR_STACK} characters; of a cause a quarter. */
  readonly stack?: string;
}

export const MAX_ERROR_TYPE = 200;
export const MAX_ERROR_MESSAGE = 8192;
export const MAX_ERROR_STACK = 8192;
/** Causes of causes. */
export const MAX_ERROR_DEPTH = 5;
/** Of an `AggregateError`. */
export const MAX_ERROR_ERRORS = 10;
/** Causes and errors of all levels. */
const MAX_ERROR_CAUSES = 15;

/**
 * Reads what was thrown. Code may throw anything; what is no error is told in the message. A plain object with a `message` counts
 * as one, so the details of an error give the same details again.
 */
export function errorDetails(thrown: unknown): ErrorDetails {
  return new ErrorReader().details(thrown, 0);
}

class ErrorReader {
  private readonly seen = new Set<unknown>();
  private causes = 0;

  details(thrown: unknown, depth: number): ErrorDetails {
    if (typeof thrown !== 'object' || thrown === null) return { type: 'Error', message: nonError(thrown, depth) };
    this.seen.add(thrown);
    const own = isError(thrown);
    const name = read(thrown, own ? 'name' : typeof read(thrown, 'type') === 'string' ? 'type' : 'name');
    const code = read(thrown, 'code');
    const cause = this.cause(read(thrown, 'cause'), depth);
    const errors = this.errors(read(thrown, 'errors'), depth);
    const message = this.message(thrown, depth);
    const stack = stackText(read(thrown, 'stack'), MAX_ERROR_STACK / (depth === 0 ? 1 : 4));
    return {
      type: (typeof name === 'string' && fitText(name, MAX_ERROR_TYPE)) || 'Error',
      message,
      ...(typeof code === 'string' && code !== '' && { code: fitText(code, 200) }),
      // JSON writes -0 as 0.
      ...(typeof code === 'number' && Number.isFinite(code) && { code: code + 0 }),
      ...(cause && { cause }),
      ...(errors && errors.length > 0 && { errors }),
      ...(stack !== undefined && { stack }),
    };
  }

  private message(thrown: object, depth: number): string {
    const message = read(thrown, 'message');
    const max = maxMessage(depth);
    if (typeof message === 'string') return fitText(message, max);
    if (message === UNREADABLE) return UNREADABLE_TEXT;
    if (isError(thrown)) return message === undefined ? '' : textOf(message, max);
    return nonError(thrown, depth);
  }

  private cause(cause: unknown, depth: number): ErrorDetails | undefined {
    if (cause === undefined || cause === null || cause === UNREADABLE) return undefined;
    if (depth >= MAX_ERROR_DEPTH || this.causes >= MAX_ERROR_CAUSES || this.seen.has(cause)) return undefined;
    this.causes += 1;
    return this.details(cause, depth + 1);
  }

  private errors(errors: unknown, depth: number): ErrorDetails[] | undefined {
    if (!isArray(errors)) return undefined;
    const all: ErrorDetails[] = [];
    const length = lengthOf(errors);
    for (let i = 0; i < Math.min(length, MAX_ERROR_ERRORS); i += 1) {
      const details = this.cause(read(errors, i), depth);
      if (details) all.push(details);
    }
    return all;
  }
}

function maxMessage(depth: number): number {
  return MAX_ERROR_MESSAGE / (depth === 0 ? 1 : 8);
}

function nonError(thrown: unknown, depth: number): string {
  if (typeof thrown === 'string') return fitText(thrown, maxMessage(depth));
  return `a non-error was thrown: ${textOf(thrown, 1000)}`;
}

/** Where it is too long the frames are kept, and the message at its top is cut: that is kept apart. */
function stackText(stack: unknown, max: number): string | undefined {
  if (typeof stack !== 'string') return undefined;
  if (stack.length <= max) return fitText(stack, max);
  const frames = stack.indexOf('\n    at ');
  if (frames < 0) return fitText(stack, max);
  const head = fitText(stack.slice(0, frames), max / 4);
  return head + fitText(stack.slice(frames, frames + max), max - head.length);
}

class PlainCopy {
  private chars: number;
  private nodes: number;
  private readonly maxDepth: number;
  private readonly above = new Set<object>();

  constructor({ maxChars = 6000, maxNodes = 1000, maxDepth = 8 }: PlainBounds) {
    this.chars = maxChars;
    this.nodes = maxNodes;
    this.maxDepth = maxDepth;
  }

  of(value: unknown, depth: number): unknown {
    if (this.isFull) return '…';
    this.nodes -= 1;
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
        return value;
      case 'bigint':
        return this.text(bigintText(value));
      case 'symbol':
        return this.text(value.toString());
      case 'function':
        return this.text(`[function ${named(value)}]`);
      case 'undefined':
        return undefined;
      case 'object':
        return value === null ? null : this.object(value, depth);
    }
  }

  private get isFull(): boolean {
    return this.nodes <= 0 || this.chars <= 0;
  }

  private text(text: string): string {
    const fit = fitText(text, Math.max(this.chars, 1));
    this.chars -= fit.length;
    return fit;
  }

  private object(value: object, depth: number): unknown {
    if (this.above.has(value)) return '[circular]';
    if (depth >= this.maxDepth) return '…';
    this.above.add(value);
    try {
      return this.content(value, depth);
    } catch {
      return UNREADABLE_TEXT;
    } finally {
      this.above.delete(value);
    }
  }

  private content(value: object, depth: number): unknown {
    if (isArray(value)) return this.list(value, depth);
    if (isError(value)) return this.fields(errorDetails(value), depth);
    if (ArrayBuffer.isView(value)) return `[${named(read(value, 'constructor'))} of ${value.byteLength} bytes]`;
    if (value instanceof Map || value instanceof Set)
      return `[${value instanceof Map ? 'Map' : 'Set'} of ${value.size}]`;
    const toJson = read(value, 'toJSON');
    if (typeof toJson === 'function') return this.of((toJson as () => unknown).call(value), depth + 1);
    return this.fields(value, depth);
  }

  private list(value: readonly unknown[], depth: number): unknown[] {
    const all: unknown[] = [];
    const length = lengthOf(value);
    for (let i = 0; i < length; i += 1) {
      if (this.isFull) {
        all.push('…');
        break;
      }
      const item = read(value, i);
      all.push(item === UNREADABLE ? UNREADABLE_TEXT : (this.of(item, depth + 1) ?? null));
    }
    return all;
  }

  private fields(value: object, depth: number): Record<string, unknown> {
    const all: Record<string, unknown> = {};
    for (const key in value) {
      if (!Object.hasOwn(value, key) || key === '__proto__') continue;
      if (this.isFull) {
        all['…'] = '…';
        break;
      }
      const field = read(value, key);
      const name = this.text(key);
      const copy = field === UNREADABLE ? UNREADABLE_TEXT : this.of(field, depth + 1);
      if (copy !== undefined) all[name] = copy;
    }
    return all;
  }
}

function read(value: unknown, key: PropertyKey): unknown {
  if (value === null || value === undefined) return undefined;
  try {
    return (value as Record<PropertyKey, unknown>)[key];
  } catch {
    return UNREADABLE;
  }
}

/** Throws for a Proxy that was revoked: it is no array. */
function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function lengthOf(value: readonly unknown[]): number {
  const length = read(value, 'length');
  return typeof length === 'number' ? length : 0;
}

/** Name of a function. */
function named(value: unknown): string {
  const name = typeof value === 'function' ? read(value, 'name') : undefined;
  return typeof name === 'string' && name !== '' ? fitText(name, 100) : 'unnamed';
}

/** Its digits take time that grows faster than their number. */
const LARGE_BIGINT = 1n << 1024n;

function bigintText(value: bigint): string {
  return value < LARGE_BIGINT && value > -LARGE_BIGINT ? value.toString() : '[a bigint of more than 1024 bits]';
}
