import type { Clock } from '@lovage/ports';
import type { FastifyInstance, FastifyRequest } from 'fastify';
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
  /** When each request that waits for its body began to, monotonic ms; the oldest first. */
  private readonly waiting = new Map<FastifyRequest, number>();
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
        (request: FastifyRequest, _reply: unknown, payload: unknown, done: (error: null, payload: never) => void) => {
          this.begin(request);
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

  private begin(request: FastifyRequest): void {
    this.waiting.set(request, this.clock.monotonic());
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
    for (const [request, at] of this.waiting) {
      const { raw } = request;
      // Refused while it was read, or its client has gone.
      if (raw.complete || raw.destroyed) this.waiting.delete(request);
      else if (at <= since) {
        this.waiting.delete(request);
        answerClientError(Object.assign(new Error('slow body'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), raw.socket);
      }
    }
  }
}
