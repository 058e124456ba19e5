import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { EncodingRefusedError } from './errors.ts';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};
const BODILESS: ReadonlySet<number> = new Set([204, 304]);
/** Of a coding that is refused, the characters that its error repeats. */
const SHOWN = 50;

/** The coding of an answer's body: undefined when it came as it is. */
export function contentEncoding(response: IncomingMessage): string | undefined {
  // No body follows these, whatever their headers say of one.
  if (BODILESS.has(response.statusCode!)) return undefined;
  const coding = response.headers['content-encoding']?.trim().toLowerCase();
  return coding === undefined || coding === '' || coding === 'identity' ? undefined : coding;
}

/**
 * What undoes the coding of an answer's body, piece by piece; undefined when there is none.
 * @throws EncodingRefusedError for a coding that is unknown, or several at once
 */
export function decoderOf(response: IncomingMessage, host: string): Transform | undefined {
  const coding = contentEncoding(response);
  if (coding === undefined) return undefined;
  if (!Object.hasOwn(DECODERS, coding)) throw new EncodingRefusedError(host, coding.slice(0, SHOWN));
  return DECODERS[coding]!();
}
