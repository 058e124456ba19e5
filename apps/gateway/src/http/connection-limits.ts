import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { BlockList, isIPv6, type Socket } from 'node:net';
import { addressBlock } from './address-block.ts';

export interface ConnectionLimitOptions {
  /** Connections of this process. Default 5000. */
  readonly total?: number;
  /** Of one address (IPv6: one /64). Default 500. Those of trusted proxies and of this machine are not counted. */
  readonly perAddress?: number;
  /** Addresses and networks of trusted proxies, as `TRUST_PROXY` has them. */
  readonly trustProxy?: readonly string[];
}

/** An IPv4 address as a socket for both kinds tells it. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/**
 * Bounds the connections that are open. What an address has over its limit is closed at once, before a byte of it is read. When there
 * are too many in all, the one makes room that has been without a request for longest: a caller that asks is answered, however many are silent.
 */
export class ConnectionLimits {
  private readonly perAddress: number;
  private readonly total: number;
  private readonly uncounted = new BlockList();
  private readonly byAddress = new Map<string, number>();
  private open = 0;
  /** Requests under way. */
  private readonly asked = new WeakMap<Socket, number>();
  /** Connections without a request under way, the longest first. */
  private readonly idle = new Set<Socket>();

  constructor({ total = 5_000, perAddress = 500, trustProxy = [] }: ConnectionLimitOptions = {}) {
    this.total = total;
    this.perAddress = perAddress;
    this.uncounted.addSubnet('127.0.0.0', 8, 'ipv4');
    this.uncounted.addAddress('::1', 'ipv6');
    for (const network of trustProxy) {
      const [address = '', bits] = network.split('/', 2);
      const family = familyOf(address);
      if (bits === undefined) this.uncounted.addAddress(address, family);
      else this.uncounted.addSubnet(address, Number(bits), family);
    }
  }

  /** Connections that are counted. */
  get size(): number {
    return [...this.byAddress.values()].reduce((sum, n) => sum + n, 0);
  }

  watch(server: Pick<Server, 'on'>): void {
    server.on('connection', (socket: Socket) => {
      if (this.take(socket)) this.makeRoom(socket);
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      // A client may send its next request before it has the answer to the last.
      this.asked.set(socket, (this.asked.get(socket) ?? 0) + 1);
      this.idle.delete(socket);
      response.once('close', () => {
        const left = this.asked.get(socket)! - 1;
        this.asked.set(socket, left);
        if (left === 0 && !socket.destroyed) this.idle.add(socket);
      });
    });
  }

  private makeRoom(socket: Socket): void {
    this.open += 1;
    this.idle.add(socket);
    socket.once('close', () => {
      this.open -= 1;
      this.idle.delete(socket);
    });
    if (this.open <= this.total) return;
    // The new one itself, when all others are being answered.
    const [longest] = this.idle;
    longest?.destroy();
  }

  /** False: its address has too many, and it was closed. */
  take(socket: Pick<Socket, 'remoteAddress' | 'destroy' | 'once'>): boolean {
    const address = socket.remoteAddress?.replace(MAPPED, '');
    // Gone already.
    if (address === undefined) return false;
    if (this.uncounted.check(address, familyOf(address))) return true;
    const block = addressBlock(address);
    const open = this.byAddress.get(block) ?? 0;
    if (open >= this.perAddress) {
      socket.destroy();
      return false;
    }
    this.byAddress.set(block, open + 1);
    socket.once('close', () => {
      const left = this.byAddress.get(block)! - 1;
      if (left === 0) this.byAddress.delete(block);
      else this.byAddress.set(block, left);
    });
    return true;
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4');
