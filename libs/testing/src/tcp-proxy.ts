import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Stands between a client and a server so that a test can break the line between them:
 * `cut` resets the connections there are, `refuse` also takes no new ones, `blackhole` keeps all open and lets nothing
 * through, `holdAnswers` lets through only what the client says, `heal` makes it whole again.
 */
export class TcpProxy {
  private readonly pairs = new Map<Socket, Socket>();
  private server: Server | undefined;
  private silent = false;

  private constructor(
    private readonly target: URL,
    /** Where it listens, on 127.0.0.1; the same after {@link heal}. */
    private portNumber = 0,
  ) {}

  /** Starts one before the server of this URL (`postgres://…`, `amqp://…`, any with host and port). */
  static async before(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url));
    await proxy.listen();
    return proxy;
  }

  get port(): number {
    return this.portNumber;
  }

  /** The target's URL with this proxy in the place of its host and port. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.portNumber);
    return url.toString();
  }

  /** Connections open through it. */
  get connections(): number {
    return this.pairs.size;
  }

  /** Resets every connection; new ones are taken. */
  cut(): void {
    for (const [near, far] of this.pairs) {
      reset(near);
      reset(far);
    }
    this.pairs.clear();
  }

  /** Resets every connection and refuses new ones, as a server that is down. */
  async refuse(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return this.cut();
    const closed = once(server, 'close');
    server.close();
    this.cut();
    await closed;
  }

  /** Nothing passes, either way, and nobody is told: a broken network. New connections open and stay silent. */
  blackhole(): void {
    this.silent = true;
    for (const [near, far] of this.pairs) {
      near.pause();
      far.pause();
    }
  }

  /** What the server says on the connections there are is held back; what the client says still arrives. */
  holdAnswers(): void {
    for (const far of this.pairs.values()) far.pause();
  }

  /** Takes and passes on again, also what the black hole held back. */
  async heal(): Promise<void> {
    this.silent = false;
    if (!this.server) await this.listen();
    for (const [near, far] of this.pairs) {
      near.resume();
      far.resume();
    }
  }

  close(): Promise<void> {
    return this.refuse();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async listen(): Promise<void> {
    const server = createServer({ pauseOnConnect: true }, (near) => this.join(near));
    server.listen(this.portNumber, '127.0.0.1');
    await once(server, 'listening');
    this.portNumber = (server.address() as AddressInfo).port;
    this.server = server;
  }

  private join(near: Socket): void {
    const far = connect({ host: this.target.hostname, port: Number(this.target.port || defaultPort(this.target)) });
    this.pairs.set(near, far);
    near.setNoDelay(true);
    far.setNoDelay(true);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => void to.write(chunk));
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        this.pairs.delete(near);
      });
    }
    if (this.silent) far.pause();
    else near.resume();
  }
}

/**
 * libuv refuses to reset a socket that is shutting down, and Node then counts it as closing for ever: the process spins at its
 * exit. Such a socket is destroyed without the reset.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

function defaultPort(url: URL): number {
  const ports: Record<string, number> = {
    'amqp:': 5672,
    'postgres:': 5432,
    'postgresql:': 5432,
    'redis:': 6379,
    'http:': 80,
  };
  const port = ports[url.protocol];
  if (port === undefined) throw new TypeError(`the URL of a proxy's target needs a port: ${url.protocol}//…`);
  return port;
}
