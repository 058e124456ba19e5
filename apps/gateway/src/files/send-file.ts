import { Readable } from 'node:stream';
import type { OpenFile } from '@lovage/files';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem-error.ts';
import { rangeOf } from './byte-range.ts';
import { fileHeaders } from './file-headers.ts';

/** Answers with a file, or the range of it that was asked for, and closes it. */
export async function sendFile(file: OpenFile, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { handle, bytes } = file;
  const headers = fileHeaders(file);
  const { 'if-none-match': known, 'if-range': only } = request.headers;
  try {
    if (known?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === headers['etag'])) {
      await handle.close();
      return void reply.code(304).headers(headers).send();
    }
    const range = only === undefined || only === headers['etag'] ? rangeOf(request.headers.range, bytes) : undefined;
    if (range === 'unsatisfiable')
      throw new ProblemError('range_unsatisfiable', `the file has ${bytes} bytes`, {
        headers: { 'content-range': `bytes */${bytes}` },
      });
    const { first, last } = range ?? { first: 0, last: bytes - 1 };
    reply
      .code(range ? 206 : 200)
      .headers(headers)
      .header('content-length', last - first + 1);
    if (range) reply.header('content-range', `bytes ${first}-${last}/${bytes}`);
    if (request.method === 'HEAD' || bytes === 0) {
      await handle.close();
      return void reply.send(Readable.from([]));
    }
    // The stream closes the file, also when the client goes away.
    reply.send(handle.createReadStream({ start: first, end: last }));
  } catch (error) {
    await handle.close();
    throw error;
  }
}
