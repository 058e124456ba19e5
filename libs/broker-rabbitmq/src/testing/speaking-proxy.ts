import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Stands between the adapter and the server and can itself speak as the server: alarms and orders of an administrator, which
 * on a shared server nobody may cause. To be used while the server is silent, so that no frame is cut in two.
 */
export class SpeakingProxy implements AsyncDisposable {
  private readonly clients = new Map<Socket, { readonly server: Socket; said: string }>();

  private constructor(
    private readonly listener: Server,
    private readonly target: URL,
  ) {
    listener.on('connection', (client: Socket) => this.join(client));
  }

  static async before(url: string): Promise<SpeakingProxy> {
    const listener = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new SpeakingProxy(listener, new URL(url));
  }

  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.listener.address() as AddressInfo).port);
    return url.toString();
  }

  /** Says it on each connection whose name ends so. */
  say(frame: Buffer, nameEnd: 'publish' | 'consume'): void {
    for (const [client, { said }] of this.clients) if (said.includes(` ${nameEnd}`)) client.write(frame);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.listener, 'close');
    this.listener.close();
    for (const [client, { server }] of this.clients) {
      client.destroy();
      server.destroy();
    }
    await closed;
  }

  private join(client: Socket): void {
    const server = connect({ host: this.target.hostname, port: Number(this.target.port || 5672), noDelay: true });
    const pair = { server, said: '' };
    this.clients.set(client, pair);
    client.on('data', (chunk: Buffer) => {
      // The name is among the first that a client says.
      if (pair.said.length < 4000) pair.said += chunk.toString('latin1');
      server.write(chunk);
    });
    server.on('data', (chunk) => client.write(chunk));
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        other.destroy();
        this.clients.delete(client);
      });
    }
  }
}

/** A method frame on channel 0 (AMQP 0-9-1, 2.3.5). */
function frame(classId: number, methodId: number, ...args: Buffer[]): Buffer {
  const payload = Buffer.concat([u16(classId), u16(methodId), ...args]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(payload.length);
  return Buffer.concat([Buffer.from([1, 0, 0]), size, payload, Buffer.from([0xce])]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function shortText(text: string): Buffer {
  return Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
}

/** A memory or disk alarm. */
export const blocked = (reason: string): Buffer => frame(10, 60, shortText(reason));
export const unblocked = (): Buffer => frame(10, 61);
/** What `rabbitmqctl close_connection` makes the server say. */
export const forcedClose = (): Buffer =>
  frame(10, 50, u16(320), shortText('CONNECTION_FORCED - for the test'), u16(0), u16(0));
