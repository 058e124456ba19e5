import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface MetricsServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Who reads `/metrics`: anybody, whoever sends the token as a bearer token, or nobody. */
  readonly access: 'open' | 'closed' | { readonly token: string };
}

/** Serves `/metrics` and `/health/live` of a process that serves nothing else. */
export class MetricsServer {
  private readonly server: Server;

  constructor(
    private readonly registry: Registry,
    private readonly options: MetricsServerOptions,
  ) {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  /** Such as `http://127.0.0.1:9100`. */
  get url(): string {
    const { address, port, family } = this.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Resolves when it listens. @throws Error `EADDRINUSE` when the port is taken. */
  start(): Promise<void> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'only GET is taken here');
    if (path === '/health/live') return end(response, 200, '{"status":"live"}', 'application/json');
    if (path !== '/metrics') return end(response, 404, 'there is /metrics, and /health/live');
    if (!this.allows(request.headers.authorization))
      return end(response, 401, 'send METRICS_TOKEN as a bearer token; without one metrics are closed in production');
    try {
      end(response, 200, await this.registry.metrics(), this.registry.contentType);
    } catch (error) {
      end(response, 500, (error as Error).message);
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

function end(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
