/** Hosts whose addresses are not looked at. */
export class AllowedHosts {
  private readonly hosts: ReadonlySet<string>;

  /** @param hosts as URLs have them, with a port (that one alone is allowed) or without (all are). */
  constructor(hosts: readonly string[]) {
    this.hosts = new Set(hosts.map((host) => host.toLowerCase()));
  }

  has({ hostname, port, protocol }: URL): boolean {
    return this.hosts.has(hostname) || this.hosts.has(`${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`);
  }
}
