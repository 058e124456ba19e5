import { BlockList, isIPv6, type Server, type Socket } from 'node:net';
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

/** Bounds the connections that are open: what is over the limit is closed at once, before a byte of it is read. */
export class ConnectionLimits {
  private readonly perAddress: number;
  private readonly total: number;
  private readonly uncounted = new BlockList();
  private readonly byAddress = new Map<string, number>();

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

  watch(server: Pick<Server, 'on' | 'maxConnections'>): void {
    server.maxConnections = this.total;
    server.on('connection', (socket: Socket) => this.take(socket));
  }

  /** Closes the socket when its address has too many. */
  take(socket: Pick<Socket, 'remoteAddress' | 'destroy' | 'once'>): void {
    const address = socket.remoteAddress?.replace(MAPPED, '');
    // Gone already.
    if (address === undefined) return;
    if (this.uncounted.check(address, familyOf(address))) return;
    const block = addressBlock(address);
    const open = this.byAddress.get(block) ?? 0;
    if (open >= this.perAddress) {
      socket.destroy();
      return;
    }
    this.byAddress.set(block, open + 1);
    socket.once('close', () => {
      const left = this.byAddress.get(block)! - 1;
      if (left === 0) this.byAddress.delete(block);
      else this.byAddress.set(block, left);
    });
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4');
