import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Answers with a document and its `ETag`, or with 304 when the caller has it. It is for that caller alone, and asked for anew each time. */
export function sendTagged(request: FastifyRequest, reply: FastifyReply, document: object): void {
  const body = JSON.stringify(document);
  const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  const known = request.headers['if-none-match'];
  if (known?.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)) return void reply.code(304).send();
  reply.header('content-type', 'application/json; charset=utf-8').send(body);
}
