import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A web server on a free port of this machine, and the requests it got. */
export class WebServer implements AsyncDisposable {
  private constructor(
    private readonly server: Server,
    readonly requests: IncomingMessage[],
    readonly address: string,
  ) {}

  static async start(listener: RequestListener, address = '127.0.0.1'): Promise<WebServer> {
    const requests: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      requests.push(request);
      listener(request, response);
    });
    server.listen(0, address);
    await once(server, 'listening');
    return new WebServer(server, requests, address);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get host(): string {
    return `${this.address}:${this.port}`;
  }

  url(path: string): string {
    return `http://${this.host}${path}`;
  }

  /** Settled at the next request. */
  async nextRequest(): Promise<void> {
    await once(this.server, 'request');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
