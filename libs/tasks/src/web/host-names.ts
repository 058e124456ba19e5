import type { LookupAddress } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { hasCode } from '@lovage/foundation';
import { Gate } from '../gate.ts';

/** How a host name is looked up. */
export interface ResolveOptions {
  /** Ends the look-up. */
  readonly signal: AbortSignal;
  /** Whether the name may be of this machine's own (`/etc/hosts`, a search domain) and the system is to be asked. */
  readonly local: boolean;
}

/** Every address of a host name. */
export type Resolve = (hostname: string, options: ResolveOptions) => Promise<LookupAddress[]>;

export interface HostNamesOptions {
  /** DNS servers as `address:port`. Default: those of the system. */
  readonly servers?: readonly string[];
  /** For the first answer of a server, ms; the second and last try waits twice as long. Default 1500. */
  readonly timeoutMs?: number;
  /** How the system resolves a name, on a thread of the pool that file accesses use. Default: `dns.lookup`. */
  readonly lookup?: (hostname: string) => Promise<LookupAddress[]>;
}

const TRIES = 2;
const AT_ONCE = 64;
/** The pool has four threads unless told otherwise, and a look-up on one can be ended by nobody. */
const AT_ONCE_BY_SYSTEM = 2;
/** DNS does not know the name, or there is no DNS: the system may know it all the same. */
const UNKNOWN = ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'ENOSERVER'];

/**
 * Looks names up without the thread pool, so that slow DNS servers, which those who name the host may run, hold up nothing but
 * their own look-ups: decision 0278.
 */
export class HostNames {
  private readonly gate = new Gate(AT_ONCE);
  private readonly bySystem = new Gate(AT_ONCE_BY_SYSTEM);
  private readonly servers: readonly string[] | undefined;
  private readonly timeoutMs: number;
  private readonly lookup: (hostname: string) => Promise<LookupAddress[]>;

  constructor(options: HostNamesOptions = {}) {
    this.servers = options.servers;
    this.timeoutMs = options.timeoutMs ?? 1500;
    this.lookup = options.lookup ?? ((hostname) => lookup(hostname, { all: true, verbatim: true }));
  }

  /** @throws what DNS or the system says (`code`), or why the signal was aborted */
  readonly resolve: Resolve = async (hostname, { signal, local }) => {
    if (!local && hostname.includes('.')) {
      const found = await this.gate.pass(signal, () => this.ask(hostname, signal));
      if (found) return found;
    }
    // A place is held until the thread is free, however long ago the signal was aborted.
    return this.bySystem.pass(signal, () => this.lookup(hostname));
  };

  /** Undefined: the name is unknown to DNS. */
  private async ask(hostname: string, signal: AbortSignal): Promise<LookupAddress[] | undefined> {
    signal.throwIfAborted();
    // One each, since a resolver ends all of its look-ups or none.
    const resolver = new Resolver({ timeout: this.timeoutMs, tries: TRIES });
    if (this.servers) resolver.setServers(this.servers);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    signal.removeEventListener('abort', cancel);
    signal.throwIfAborted();
    const found = [...addressesOf(v4, 4), ...addressesOf(v6, 6)];
    if (found.length > 0) return found;
    for (const { reason } of [v4, v6] as PromiseRejectedResult[])
      if (!UNKNOWN.some((code) => hasCode(reason, code))) throw reason;
    return undefined;
  }
}

function addressesOf(answer: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : [];
}
