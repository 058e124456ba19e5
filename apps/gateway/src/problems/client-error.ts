import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_CODES, PROBLEM_MEDIA_TYPE, problemDocument, type ProblemCode } from '@lovage/http-api';

const BY_CODE: Readonly<Record<string, { code: ProblemCode; detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', detail: 'the request was not complete in time' },
  HPE_HEADER_OVERFLOW: { code: 'headers_too_large', detail: 'the headers are larger than 16 KiB' },
};

/** Answers what could not even be read as a request; Node's HTTP parser has given up on the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  // Nobody is there to read an answer.
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { code, detail } = BY_CODE[error.code ?? ''] ?? {
    code: 'http_malformed' as const,
    detail: 'this is not HTTP/1.1 as RFC 9112 has it',
  };
  const { status } = PROBLEM_CODES[code];
  const body = JSON.stringify(problemDocument(code, { detail }));
  if (socket.writable)
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  socket.destroySoon();
}
