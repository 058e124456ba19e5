import type { IncomingMessage } from 'node:http';
import type { FastifyReply } from 'fastify';

/** How long the rest of a refused request is read and dropped, and how long none of it may come, ms: as nginx has it. */
const LINGER = { totalMs: 30_000, silenceMs: 5_000 };

/** Whether a part of the request's body may still be on its way. */
export function isArriving(request: IncomingMessage): boolean {
  const { headers } = request;
  // Not known of requests that are injected.
  if (request.complete !== false) return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

/**
 * Answers a request whose body is still coming. The answer goes out whole at once, and the connection stays open while the
 * rest comes in and is dropped: many clients read nothing before they have sent everything, and a connection that is closed
 * under them takes the answer with it.
 */
export function answerAndLinger(reply: FastifyReply, payload: Buffer, { totalMs, silenceMs } = LINGER): void {
  const { raw: request } = reply.request;
  const { raw: response, statusCode } = reply;
  const headers = reply.getHeaders() as Record<string, string>;
  reply.hijack();
  response.writeHead(statusCode, { ...headers, 'content-length': payload.length });
  response.write(payload);

  const { socket } = request;
  let timer: NodeJS.Timeout | undefined;
  const until = performance.now() + totalMs;
  let seen = socket.bytesRead;
  const stop = (): void => {
    clearTimeout(timer);
    request.off('end', finish);
    socket.off('close', stop);
  };
  const finish = (): void => {
    stop();
    response.end();
  };
  const check = (): void => {
    if (socket.bytesRead === seen || performance.now() + silenceMs > until) {
      stop();
      response.end(() => socket.destroy());
      return;
    }
    seen = socket.bytesRead;
    timer = setTimeout(check, silenceMs);
  };
  request.on('end', finish);
  socket.on('close', stop);
  timer = setTimeout(check, silenceMs);
  // From whatever has stopped to take it.
  request.unpipe();
  request.resume();
}
