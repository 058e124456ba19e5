import { createHash } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';

/** Content that is the same at every look, and no two kilobytes of it alike. */
export function content(bytes: number, seed = 1): Buffer {
  const made = Buffer.alloc(bytes);
  let state = seed;
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    made.writeUInt32LE(state, at);
  }
  return made;
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export interface ContentOptions {
  readonly etag?: string;
  readonly ranges?: boolean;
  /** Sends so many bytes of a whole answer, and then nothing. */
  readonly stallAt?: () => number | undefined;
}

/** Serves one content as a good server does: ETag, Range, If-Range. */
export function serveContent(
  body: () => Buffer,
  { etag, ranges = true, stallAt }: ContentOptions = {},
): RequestListener {
  return (request, response) => {
    const bytes = body();
    const headers: Record<string, string> = { 'content-type': 'application/octet-stream' };
    if (etag !== undefined) headers['etag'] = etag;
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? NaN);
    const fresh = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    if (ranges && !Number.isNaN(start) && fresh) {
      if (start >= bytes.length)
        return void response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes.length}` }).end();
      headers['content-range'] = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
      headers['content-length'] = String(bytes.length - start);
      return void response.writeHead(206, headers).end(bytes.subarray(start));
    }
    response.writeHead(200, { ...headers, 'content-length': String(bytes.length) });
    send(response, bytes, stallAt?.());
  };
}

function send(response: ServerResponse, bytes: Buffer, stallAt: number | undefined): void {
  if (stallAt === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, stallAt));
}
