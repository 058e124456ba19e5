/** A number of a JSON text that neither a double nor a bigint of sane length holds. Code that meets it refuses it. */
export class InexactNumber {
  constructor(
    /** As it was written, at most 40 characters of it. */
    readonly text: string,
  ) {}
}

/** Longest whole number that is read: what it costs grows faster than its digits. */
const MAX_DIGITS = 1000;

/**
 * Whether a text may hold a number that a double changes: it has a whole number of sixteen digits, an exponent of three, or a fraction
 * of hundreds of zeros. A text within it
 * that looks so costs a careful reading, and nothing else.
 */
const MAY_CHANGE = /(?<![\d.])\d{16}|\d[eE][+-]?\d{3}|\.0{300}/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WHOLE = /^-?\d+$/;

export const mayChangeNumbers = (json: string): boolean => MAY_CHANGE.test(json);

/**
 * `JSON.parse` that changes no number: a whole number that a double would change is a `bigint`; one that
 * becomes infinite, or zero without being it, is an {@link InexactNumber}. Fractions are doubles, as everywhere in JSON.
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseExactJson(json: string): unknown {
  return mayChangeNumbers(json) ? parseCarefully(json) : (JSON.parse(json) as unknown);
}

function parseCarefully(json: string): unknown {
  // The text itself is checked first: what stands in it below is JSON for certain, and an error tells of what was sent.
  const plain: unknown = JSON.parse(json);
  // No text can hold it but by chance: it is drawn for this one.
  const prefix = `${crypto.randomUUID()}:`;
  const prefixed = prefixNumbers(json, prefix);
  if (prefixed === undefined) return plain;
  return JSON.parse(prefixed, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(prefix) ? numberOf(value.slice(prefix.length)) : value,
  ) as unknown;
}

function numberOf(text: string): bigint | InexactNumber {
  return WHOLE.test(text) && text.length <= MAX_DIGITS ? BigInt(text) : new InexactNumber(text.slice(0, 40));
}

/** The text with each number that a double changes as a text with a prefix; undefined when there is none. */
function prefixNumbers(json: string, prefix: string): string | undefined {
  let prefixed = '';
  let copied = 0;
  for (let i = 0; i < json.length; i += 1) {
    const unit = json.charCodeAt(i);
    if (unit === 0x22) {
      i = endOfString(json, i);
    } else if (unit === 0x2d || (unit >= 0x30 && unit <= 0x39)) {
      NUMBER.lastIndex = i;
      const [text] = NUMBER.exec(json)!;
      if (isChanged(text)) {
        prefixed += `${json.slice(copied, i)}"${prefix}${text}"`;
        copied = i + text.length;
      }
      i += text.length - 1;
    }
  }
  return copied === 0 ? undefined : prefixed + json.slice(copied);
}

function isChanged(text: string): boolean {
  const number = Number(text);
  if (WHOLE.test(text)) return !Number.isSafeInteger(number) && String(number) !== text;
  return !Number.isFinite(number) || (number === 0 && /[1-9]/.test(text.split(/[eE]/, 1)[0]!));
}

/** Index of the quote that ends the string which begins at `start`. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    if (end < 0) return json.length;
    let backslashes = 0;
    while (json.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}

/** Where the first value stands that `is` holds for: `.items.3`; undefined when there is none. The value is of bounded depth. */
export function pathOf(value: unknown, is: (value: unknown) => boolean): string | undefined {
  if (is(value)) return '';
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key of Object.keys(value)) {
    const path = pathOf((value as Record<string, unknown>)[key], is);
    if (path !== undefined) return `.${key}${path}`.slice(0, 200);
  }
  return undefined;
}

/** A copy of a value of JSON in which each bigint is its digits: for people to read. */
export function withBigintsAsText(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(withBigintsAsText);
  if (typeof value !== 'object' || value === null || value instanceof InexactNumber) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withBigintsAsText(member)]));
}
