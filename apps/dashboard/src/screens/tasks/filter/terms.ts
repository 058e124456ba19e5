import { MAX_FILTER, type FilterError } from './filter.ts';

/** A word of the text: `key:value`, `input.a.b:value`, or a value alone. */
export interface Term {
  readonly from: number;
  readonly to: number;
  /** What stands before the colon: `['input', 'a', 'b']`; undefined: there is no colon. */
  readonly key: readonly string[] | undefined;
  readonly value: string;
  readonly valueFrom: number;
  /** It was written in quotes: no sign in it means anything. */
  readonly quoted: boolean;
  /** Its quote has no end, or something follows the end. */
  readonly error?: FilterError;
}

const SPACE = /\s/u;

/** Splits a text into terms, in one pass. Text beyond `MAX_FILTER` is left aside: the parser says so. */
export function termsOf(text: string): Term[] {
  const terms: Term[] = [];
  const end = Math.min(text.length, MAX_FILTER);
  let at = 0;
  for (;;) {
    while (at < end && SPACE.test(text[at]!)) at += 1;
    if (at >= end) return terms;
    const term = readTerm(text, at, end);
    terms.push(term);
    at = term.to;
  }
}

function readTerm(text: string, from: number, end: number): Term {
  const key: string[] = [];
  let part = '';
  let at = from;
  // A quote at the very beginning is a value; behind a dot it is a name of the path.
  while (at < end && !SPACE.test(text[at]!) && !(text[at] === '"' && at === from)) {
    const sign = text[at]!;
    if (sign === ':') return readValue(text, { from, at: at + 1, end, key: [...key, part] });
    if (sign === '"' && part === '') {
      const quote = readQuote(text, at, end);
      part = quote.value;
      at = quote.to;
      if (!quote.closed) return readValue(text, { from, at: from, end, key: undefined });
      continue;
    }
    if (sign === '.') {
      key.push(part);
      part = '';
    } else part += sign;
    at += 1;
  }
  return readValue(text, { from, at: from, end, key: undefined });
}

function readValue(
  text: string,
  { from, at, end, key }: { from: number; at: number; end: number; key: readonly string[] | undefined },
): Term {
  if (text[at] === '"' && at < end) {
    const { value, to, closed } = readQuote(text, at, end);
    let rest = to;
    while (rest < end && !SPACE.test(text[rest]!)) rest += 1;
    const error: FilterError | undefined = !closed
      ? { code: 'quote_open', from: at, to, message: 'this quote has no end: close it with "' }
      : rest > to
        ? { code: 'quote_followed', from: to, to: rest, message: 'leave a space behind the closing quote' }
        : undefined;
    return { from, to: rest, key, value, valueFrom: at, quoted: true, ...(error && { error }) };
  }
  let to = at;
  while (to < end && !SPACE.test(text[to]!)) to += 1;
  return { from, to, key, value: text.slice(at, to), valueFrom: at, quoted: false };
}

/** Reads from a quote to the one that closes it; `\"` and `\\` stand for the signs themselves. */
function readQuote(text: string, from: number, end: number): { value: string; to: number; closed: boolean } {
  let value = '';
  let at = from + 1;
  while (at < end) {
    const sign = text[at]!;
    if (sign === '"') return { value, to: at + 1, closed: true };
    if (sign === '\\' && at + 1 < end && (text[at + 1] === '"' || text[at + 1] === '\\')) at += 1;
    value += text[at]!;
    at += 1;
  }
  return { value, to: end, closed: false };
}
