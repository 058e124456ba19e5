import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What a name resolves to; `unknown`: there is no such name; `silence`: no answer ever comes. */
export type DnsAnswer = { readonly v4: string } | 'unknown' | 'silence';

/** A DNS server on a free port of this machine, and the names it was asked for, once for each type. */
export class DnsServer implements AsyncDisposable {
  readonly asked: string[] = [];
  private constructor(
    private readonly socket: Socket,
    private readonly answer: (name: string) => DnsAnswer,
  ) {
    socket.on('message', (query, from) => this.receive(query, from));
  }

  static async start(answer: (name: string) => DnsAnswer): Promise<DnsServer> {
    const socket = createSocket('udp4');
    const server = new DnsServer(socket, answer);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }

  private receive(query: Buffer, from: RemoteInfo): void {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at]!; length > 0; at += length + 1, length = query[at]!)
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
    // The end of the name, its type and its class.
    const question = query.subarray(12, at + 5);
    const type = query.readUInt16BE(at + 1);
    const name = labels.join('.');
    const answer = this.answer(name);
    this.asked.push(name);
    if (answer === 'silence') return;
    const known = answer !== 'unknown';
    const v4 = known && type === 1;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(v4 ? 1 : 0, 6);
    const record = v4
      ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...answer.v4.split('.').map(Number)])
      : Buffer.alloc(0);
    this.socket.send(Buffer.concat([header, question, record]), from.port, from.address);
  }
}
