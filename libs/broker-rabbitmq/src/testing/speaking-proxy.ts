import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Stands between the adapter and the server and can itself speak as the server: alarms and orders of an administrator, which
 * on a shared server nobody may cause. To be used while the server is silent, so that no frame is cut in two.
 */
export class SpeakingProxy implements AsyncDisposable {
  private readonly clients = new Map<Socket, { readonly server: Socket; said: string }>();
  /** Channel and tag of each consumer that the server has confirmed, the latest last. */
  private readonly consumers: { readonly channel: Buffer; readonly tag: string; readonly server: Socket }[] = [];
  /** While true, what the server delivers to consumers is kept from them. */
  swallowing = false;

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

  /** Ends the first, or the latest, consumer in the client's name, who does not hear of it. */
  cancelBehindItsBack(which: 'first' | 'latest'): void {
    const { channel, tag, server } = this.consumers.at(which === 'first' ? 0 : -1)!;
    const noWait = Buffer.from([1]);
    server.write(frame(60, 30, shortText(tag), noWait).fill(channel, 1, 3));
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

  /** From `basic.consume-ok`, whose tag the server makes. */
  private noteConsumer(chunk: Buffer, server: Socket): void {
    const at = chunk.indexOf('amq.ctag-', 0, 'latin1');
    // Before the tag: its length, the method, the frame's size, its channel.
    if (at < 12 || chunk.readUInt16BE(at - 5) !== 60 || chunk.readUInt16BE(at - 3) !== 21) return;
    const tag = chunk.toString('latin1', at, at + chunk.readUInt8(at - 1));
    this.consumers.push({ channel: chunk.subarray(at - 11, at - 9), tag, server });
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
    const swallow = deliverySwallower();
    server.on('data', (chunk: Buffer) => {
      this.noteConsumer(chunk, server);
      client.write(this.swallowing ? swallow(chunk) : chunk);
    });
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

/** Leaves out `basic.deliver` and the content behind it, frame by frame; begins between two frames. */
function deliverySwallower(): (chunk: Buffer) => Buffer {
  let rest = Buffer.alloc(0);
  const contentOf = new Set<number>();
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const kept: Buffer[] = [];
    while (rest.length >= 7 && rest.length >= 8 + rest.readUInt32BE(3)) {
      const one = rest.subarray(0, 8 + rest.readUInt32BE(3));
      rest = rest.subarray(one.length);
      const channel = one.readUInt16BE(1);
      const isMethod = one[0] === 1;
      if (isMethod) contentOf.delete(channel);
      if (isMethod && one.readUInt16BE(7) === 60 && one.readUInt16BE(9) === 60) contentOf.add(channel);
      if (!contentOf.has(channel)) kept.push(one);
    }
    return Buffer.concat(kept);
  };
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
