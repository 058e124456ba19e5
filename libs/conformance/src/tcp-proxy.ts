import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** Stands between a client and a shared server, so that a test can take the server away from that client alone. */
export class TcpProxy implements AsyncDisposable {
  private readonly pairs = new Set<{ client: Socket; server: Socket }>();
  private refusing = false;
  private stalled = false;
  private refusedWaiters: (() => void)[] = [];

  private constructor(
    private readonly listener: Server,
    private readonly target: TcpAddress,
  ) {
    listener.on('connection', (client) => this.accept(client));
  }

  static async open(target: TcpAddress): Promise<TcpProxy> {
    const listener = createServer({ noDelay: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new TcpProxy(listener, target);
  }

  get address(): TcpAddress {
    return { host: '127.0.0.1', port: (this.listener.address() as AddressInfo).port };
  }

  /** Connections that pass through it at the moment. */
  get connections(): number {
    return this.pairs.size;
  }

  /** Breaks every connection, with a reset; new ones are let through. */
  cut(): void {
    for (const { client, server } of this.pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.pairs.clear();
  }

  /** The server is down: breaks every connection, and each new one at once. */
  down(): void {
    this.refusing = true;
    this.cut();
  }

  /** The server is back. */
  up(): void {
    this.refusing = false;
  }

  /** The next connection that is broken because the server is down. */
  nextRefused(): Promise<void> {
    return new Promise((resolve) => this.refusedWaiters.push(resolve));
  }

  /** What the server answers is held back; what the client sends still passes. Ends with a cut, or {@link flow}. */
  stall(): void {
    this.stalled = true;
    for (const { server } of this.pairs) server.pause();
  }

  flow(): void {
    this.stalled = false;
    for (const { server } of this.pairs) server.resume();
  }

  async close(): Promise<void> {
    if (!this.listener.listening) return;
    const closed = once(this.listener, 'close');
    this.listener.close();
    this.cut();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.refusing) {
      client.resetAndDestroy();
      for (const wake of this.refusedWaiters.splice(0)) wake();
      return;
    }
    const server = connect({ ...this.target, noDelay: true });
    server.on('error', () => undefined);
    const pair = { client, server };
    this.pairs.add(pair);
    client.on('data', (chunk) => server.write(chunk));
    server.on('data', (chunk) => client.write(chunk));
    client.on('close', () => {
      this.pairs.delete(pair);
      server.destroy();
    });
    server.on('close', () => {
      this.pairs.delete(pair);
      client.destroy();
    });
    if (this.stalled) server.pause();
  }
}
