import { isUtf8 } from 'node:buffer';
import { inflateSync } from 'node:zlib';
import { parseExactJson } from '@lovage/foundation';
import { MalformedError } from './reject-codes.ts';
import type { WireMessage } from './task-message.ts';

/** Largest body, as sent and once inflated. Sixteen times what the gateway takes; a bomb of some kB must not fill the memory. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

const ENCODINGS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii', 'binary']);

/** The JSON text of a message's body. @throws MalformedError */
export function bodyText(message: WireMessage): string {
  const { contentType, contentEncoding } = message;
  if (contentType !== 'application/json') refuseContentType(contentType);
  if (contentEncoding && contentEncoding !== 'utf-8' && !ENCODINGS.has(contentEncoding.toLowerCase()))
    throw new MalformedError('content_encoding_unsupported', `content encoding ${quoted(contentEncoding)}; send utf-8`);
  if (message.body.length > MAX_BODY_BYTES) throw tooLarge();
  const compression = message.headers['compression'];
  const bytes = compression ? inflate(message.body, compression) : message.body;
  if (!isUtf8(bytes)) throw new MalformedError('body_not_utf8', 'the body is not valid UTF-8');
  return bytes.toString('utf8');
}

/** @throws MalformedError */
export function parseBody(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    if (hasBareNumberWord(text))
      throw new MalformedError('body_number_not_finite', 'the body holds NaN or Infinity, which JSON does not have');
    throw new MalformedError('body_not_json', `the body is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}

function refuseContentType(contentType: string | undefined): void {
  if (!contentType)
    throw new MalformedError('content_type_missing', 'the message has no content type; send application/json');
  const essence = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (essence !== 'application/json')
    throw new MalformedError('content_type_unsupported', `content type ${quoted(contentType)}; send application/json`);
}

/** kombu's "gzip" is a zlib stream, so its names mean the same. */
function inflate(body: Buffer, compression: unknown): Buffer {
  if (compression !== 'application/x-gzip' && compression !== 'gzip' && compression !== 'zlib')
    throw new MalformedError('compression_unsupported', `compression ${quoted(compression)}; send zlib or none`);
  try {
    return inflateSync(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new MalformedError('compression_invalid', `the body is no zlib stream: ${(error as Error).message}`);
  }
}

function tooLarge(): MalformedError {
  return new MalformedError(
    'body_too_large',
    `the body is larger than ${MAX_BODY_BYTES} bytes; send a reference instead`,
  );
}

/** Whether NaN or Infinity stands outside of any string: Python's json writes them so. */
function hasBareNumberWord(text: string): boolean {
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charCodeAt(i);
    if (char === 0x22) inString = !inString;
    else if (inString) i += char === 0x5c ? 1 : 0;
    else if (char === 0x4e && text.startsWith('NaN', i)) return true;
    else if (char === 0x49 && text.startsWith('Infinity', i)) return true;
  }
  return false;
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : `of type ${typeof value}`;
}
