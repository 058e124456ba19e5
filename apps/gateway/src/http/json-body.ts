import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { mayChangeNumbers, parseExactJson } from '@lovage/foundation';
import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../problems/problem-error.ts';
import { findBadContents, isSuspicious } from './json-contents.ts';
import { isDeeperThan } from './json-depth.ts';

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
