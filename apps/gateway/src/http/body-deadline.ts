import type { Clock } from '@lovage/ports';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerClientError } from '../problems/client-error.ts';

/** How long a small body may take to arrive, ms. */
const BASE_MS = 30_000;
/** What a slow line brings in a second, bytes: a body of 1 MiB gets 16 s more. */
const BYTES_A_SECOND = 64 * 1024;
/** Between two looks, ms. */
const LOOK_MS = 5_000;
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Ends requests whose body does not arrive in time, with 408: what has come of it is held in memory. Node's own limit is for whole
 * uploads, which go to the disk and are not looked at here.
 */
export class BodyDeadline {
  /** When each request that waits for its body began to, monotonic ms, and its reply; the oldest first. */
  private readonly waiting = new Map<FastifyRequest, { readonly at: number; readonly reply: FastifyReply }>();
  private readonly longestMs: number;
  private cancelLook: (() => void) | undefined;
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    bodyLimit: number,
  ) {
    this.longestMs = BASE_MS + (bodyLimit / BYTES_A_SECOND) * 1000;
  }

  /** For each route that is added to the server from now on and takes a JSON body. */
  watch(server: FastifyInstance): void {
    server.addHook('onRoute', (route) => {
      if (!route.url.startsWith('/api/') || route.url.startsWith('/api/files')) return;
      if (![route.method].flat().some((method) => WITH_BODY.has(method))) return;
      const { preParsing = [], preValidation = [] } = route;
      route.preParsing = [
        ...[preParsing].flat(),
        (
          request: FastifyRequest,
          reply: FastifyReply,
          payload: unknown,
          done: (error: null, payload: never) => void,
        ) => {
          this.begin(request, reply);
          done(null, payload as never);
        },
      ] as typeof route.preParsing;
      route.preValidation = [
        (request: FastifyRequest, _reply: unknown, done: () => void) => {
          this.waiting.delete(request);
          done();
        },
        ...[preValidation].flat(),
      ] as typeof route.preValidation;
    });
  }

  stop(): void {
    this.stopped = true;
    this.cancelLook?.();
  }

  private begin(request: FastifyRequest, reply: FastifyReply): void {
    this.waiting.set(request, { at: this.clock.monotonic(), reply });
    this.lookSoon();
  }

  private lookSoon(): void {
    if (this.stopped || this.cancelLook) return;
    this.cancelLook = this.clock.after(LOOK_MS, () => {
      this.cancelLook = undefined;
      this.look();
      if (this.waiting.size > 0) this.lookSoon();
    });
  }

  private look(): void {
    const since = this.clock.monotonic() - this.longestMs;
    for (const [request, { at, reply }] of this.waiting) {
      const { raw } = request;
      // Its client has gone, or it was answered without its body.
      if (raw.complete || raw.destroyed || reply.raw.headersSent) this.waiting.delete(request);
      else if (at <= since) {
        this.waiting.delete(request);
        answerClientError(Object.assign(new Error('slow body'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), raw.socket);
      }
    }
  }
}
