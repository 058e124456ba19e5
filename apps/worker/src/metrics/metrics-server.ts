import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { answer } from '../http/answer.ts';
import { SmallServer, type Listening } from '../http/small-server.ts';

export interface MetricsServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Who reads `/metrics`: anybody, those who send the token as a bearer token, or nobody. */
  readonly access: 'open' | 'closed' | { readonly token: string };
}

/** Serves `/metrics` and `/health/live` of a process that serves nothing else. */
export class MetricsServer implements Listening {
  private readonly server: SmallServer;

  constructor(
    private readonly registry: Registry,
    private readonly options: MetricsServerOptions,
  ) {
    this.server = new SmallServer(options, (request, response) => void this.respond(request, response));
  }

  /** Such as `http://127.0.0.1:9100`. */
  get url(): string {
    return this.server.url;
  }

  /** Resolves when it listens. @throws Error `EADDRINUSE` when the port is taken. */
  start(): Promise<void> {
    return this.server.start();
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'only GET is taken here');
    if (path === '/health/live') return answer(response, 200, '{"status":"live"}', 'application/json');
    if (path !== '/metrics') return answer(response, 404, 'there is /metrics, and /health/live');
    if (!this.allows(request.headers.authorization))
      return answer(
        response,
        401,
        'send METRICS_TOKEN as a bearer token; without one metrics are closed in production',
      );
    try {
      answer(response, 200, await this.registry.metrics(), this.registry.contentType);
    } catch (error) {
      answer(response, 500, (error as Error).message);
    }
  }

  private allows(authorization: string | undefined): boolean {
    const { access } = this.options;
    if (access === 'open' || access === 'closed') return access === 'open';
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // Digests, so that the time to compare tells nothing of where they differ.
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
    return given !== undefined && timingSafeEqual(digest(given), digest(access.token));
  }
}
