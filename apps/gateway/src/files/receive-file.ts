import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyConfig, type BusboyInstance } from '@fastify/busboy';
import { FileTooLargeError } from '@lovage/files';
import { hasCode } from '@lovage/foundation';
import { ProblemError } from '../problems/problem-error.ts';

const LIMITS = { files: 1, fields: 0, parts: 2, headerPairs: 50 };

/** What `take` made of the file, and the name that its sender gave it. */
export interface ReceivedFile<T> {
  readonly taken: T;
  readonly name: string;
}

/**
 * Reads a form with one file and nothing else, the file being taken while it comes in.
 * @param maxBytes of the whole form: what stands before, between and behind its parts included.
 * @param take reads the content to its end, or fails; then the rest of the form is not waited for.
 * @throws ProblemError `body_invalid` for a form that is malformed, breaks off, or holds anything else
 * @throws FileTooLargeError
 */
export async function receiveFile<T>(
  form: Readable,
  headers: IncomingHttpHeaders,
  maxBytes: number,
  take: (content: Readable) => Promise<T>,
): Promise<ReceivedFile<T>> {
  const parser = parserOf(headers);
  let received: { taken: Promise<T>; name: string } | undefined;
  let surplus = false;
  const failed = new Promise<never>((_, reject) => {
    parser.on('file', (_field, content, name = '') => {
      received = { taken: take(content), name };
      received.taken.catch(reject);
    });
  });
  for (const event of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) parser.on(event, () => (surplus = true));
  const complete = pipeline(form, upTo(maxBytes), parser).catch((error: unknown) =>
    Promise.reject(
      hasCode(error, 'file_too_large')
        ? error
        : new ProblemError('body_invalid', 'the form is malformed, or broke off', { cause: error }),
    ),
  );
  complete.catch(() => undefined);
  failed.catch(() => undefined);
  await Promise.race([complete, failed]);
  if (surplus || !received)
    throw new ProblemError(
      'body_invalid',
      'the form is to hold one file and nothing else: curl -F file=@cat.jpg; where it goes is said in the query, ?path=photos/cat.jpg',
    );
  return { taken: await received.taken, name: received.name };
}

/** The parser passes over what follows the last part, however long it is. */
const upTo = (maxBytes: number) =>
  async function* (form: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const chunk of form) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new FileTooLargeError(maxBytes);
      yield chunk;
    }
  };

function parserOf(headers: IncomingHttpHeaders): BusboyInstance {
  try {
    return new Busboy({ headers: headers as BusboyConfig['headers'], limits: LIMITS });
  } catch (error) {
    throw new ProblemError('body_invalid', 'the header Content-Type names no boundary', { cause: error });
  }
}
