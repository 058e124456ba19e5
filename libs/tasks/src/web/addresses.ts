import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What is given to networks and hosts of the public internet, as far as IANA has handed any out (RFC 4291, 2.4). */
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Public addresses at which clouds serve credentials to their machines: Azure's wire server and Equinix Metal's metadata.
 * Those of the other clouds (169.254.169.254, 100.100.100.200, 192.0.0.192, fd00:ec2::254, …) lie in ranges that are not public.
 */
const METADATA: ReadonlySet<string> = new Set(['168.63.129.16', '192.80.8.124']);

/**
 * Whether an IP address is one of the public internet: not this machine, not a private network, not the link (where cloud
 * providers serve credentials), not reserved, not multicast; nor a form of IPv6 that some gateway turns into IPv4.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  // In the one form that has no dots in it: the library takes ::8.8.8.8 for ::ffff:8.8.8.8, which is another address.
  const text = family === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
  // IPv4 within IPv6 (::ffff:10.0.0.1) is judged as IPv4: that is where it leads.
  const parsed = ipaddr.process(text);
  if (parsed.range() !== 'unicast' || METADATA.has(parsed.toString())) return false;
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(GLOBAL_V6);
}
