import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { fitText, InexactNumber, mayChangeNumbers, parseExactJson } from '@lovage/foundation';
import { MAX_ISSUES, type Issue } from '@lovage/task';
import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../problems/problem-error.ts';

/** Arrays and objects inside one another, at most. */
export const MAX_JSON_DEPTH = 64;

/** Makes JSON the one body that is taken, read by {@link parseJsonBody}. */
export function takeOnlyJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      refuseEncoded(request.headers);
      // Many clients state a type with each request, also with a DELETE, which has no body here.
      done(null, request.method === 'DELETE' && body.length === 0 ? undefined : parseJsonBody(body));
    } catch (error) {
      done(error as Error);
    }
  });
}

/**
 * Inflating is left to clients: a body is small, and what it grows to would have to be bounded apart.
 * @throws ProblemError `media_type_unsupported`
 */
export function refuseEncoded({ 'content-encoding': encoding }: IncomingHttpHeaders): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new ProblemError('media_type_unsupported', 'send the body as it is, without the header Content-Encoding', {
    // What is taken instead (RFC 9110, section 12.5.3).
    headers: { 'accept-encoding': 'identity' },
  });
}

const BYTE_ORDER_MARK = '\uFEFF';

/**
 * A body as a value that is safe to validate and to store.
 * @throws ProblemError `json_malformed`, `json_too_deep`, `json_key_forbidden`, or `body_invalid` naming the text that
 *   cannot be kept.
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) throw new ProblemError('json_malformed', 'the body is empty; send a JSON object');
  if (!isUtf8(body)) throw new ProblemError('json_malformed', 'the body is not UTF-8');
  const decoded = body.toString('utf8');
  const text = decoded.startsWith(BYTE_ORDER_MARK) ? decoded.slice(1) : decoded;
  if (isDeeperThan(text, MAX_JSON_DEPTH))
    throw new ProblemError('json_too_deep', `arrays and objects may be nested ${MAX_JSON_DEPTH} deep, no deeper`);
  const value = parse(text);
  if (isSuspicious(text) || mayChangeNumbers(text)) refuseBadContents(value);
  return value;
}

function parse(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    throw new ProblemError('json_malformed', `the body is not JSON: ${(error as Error).message}`);
  }
}

function refuseBadContents(value: unknown): void {
  const { forbiddenKeys, badTexts } = findBadContents(value);
  if (forbiddenKeys.length > 0)
    throw new ProblemError('json_key_forbidden', 'the keys __proto__ and constructor.prototype are not taken', {
      errors: forbiddenKeys.map((path) => ({ path, message: 'a key of this name is not allowed' })),
    });
  if (badTexts.length > 0)
    throw new ProblemError('body_invalid', 'the body holds text or numbers that cannot be stored', {
      errors: badTexts,
    });
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * Whether a JSON text nests arrays and objects more than `limit` deep. Read off the text, so that nothing is built from a
 * hostile one; what is no JSON gets some answer, and is refused by the parser.
 */
export function isDeeperThan(json: string, limit: number): boolean {
  // Each level takes two characters: most bodies are too short to be too deep.
  if (json.length < 2 * (limit + 1)) return false;
  let depth = 0;
  for (let i = 0; i < json.length; i += 1) {
    switch (json.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(json, i);
        break;
      case OPEN_BRACKET:
      case OPEN_BRACE:
        depth += 1;
        if (depth > limit) return true;
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth -= 1;
        break;
    }
  }
  return false;
}

/** Index of the quote that ends the string which begins at `start`; the text's end when there is none. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return json.length;
}

/** What parsed JSON must not hold, wherever it stands: the first {@link MAX_ISSUES} of all. */
export interface BadContents {
  /** Keys that would reach an object's prototype once copied without care. */
  readonly forbiddenKeys: string[];
  /** Texts that Postgres, or anything that speaks UTF-8, cannot keep, and numbers that no double holds. */
  readonly badTexts: Issue[];
}

const LONE_SURROGATE = /\p{Surrogate}/u;
/** Of a path that goes into an answer, characters: each of its keys may be as long as the body. */
const MAX_PATH = 500;

/** Whether a JSON text could hold what {@link findBadContents} looks for; most cannot. */
export function isSuspicious(json: string): boolean {
  return json.includes('\\u') || json.includes('__proto__') || json.includes('constructor');
}

/** Walks a value made by `JSON.parse`, of bounded depth. */
export function findBadContents(value: unknown): BadContents {
  const found: BadContents = { forbiddenKeys: [], badTexts: [] };
  walk(value, '', found);
  return found;
}

function walk(value: unknown, path: string, found: BadContents): void {
  if (typeof value === 'string') {
    const wrong = wrongWith(value);
    if (wrong) found.badTexts.push({ path: printable(path) || 'body', message: wrong });
  } else if (value instanceof InexactNumber)
    found.badTexts.push({
      path: printable(path) || 'body',
      message: fitText(`${value.text} is beyond what a number holds; send it as a text`, MAX_PATH),
    });
  else if (Array.isArray(value)) {
    for (let index = 0; index < value.length && !isEnough(found); index += 1)
      walk(value[index], join(path, String(index)), found);
  } else if (value !== null && typeof value === 'object') {
    for (const [key, member] of Object.entries(value)) {
      if (isEnough(found)) return;
      const at = join(path, key);
      if (key === '__proto__' || (key === 'constructor' && hasPrototype(member)))
        found.forbiddenKeys.push(printable(at));
      const wrong = wrongWith(key);
      if (wrong) found.badTexts.push({ path: printable(at), message: `its name ${wrong}` });
      walk(member, at, found);
    }
  }
}

const isEnough = ({ forbiddenKeys, badTexts }: BadContents): boolean =>
  forbiddenKeys.length + badTexts.length >= MAX_ISSUES;

function wrongWith(text: string): string | undefined {
  if (text.includes('\0')) return 'contains NUL (U+0000), which cannot be stored';
  if (LONE_SURROGATE.test(text)) return 'contains half of a surrogate pair, which is no character';
  return undefined;
}

/** One character more than is shown, which tells that there is more: the whole would be copied for each thing found. */
const begin = (text: string): string => text.slice(0, MAX_PATH + 1);
const join = (path: string, key: string): string => (path === '' ? begin(key) : begin(`${path}.${begin(key)}`));
const hasPrototype = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && Object.hasOwn(value, 'prototype');
/** A path that goes into an answer: what made the key bad is shown as U+FFFD. */
const printable = (path: string): string => fitText(path, MAX_PATH);
