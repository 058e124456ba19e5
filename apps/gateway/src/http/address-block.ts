import { isIPv6 } from 'node:net';

/** Groups of an IPv6 address that a provider gives to a customer, who draws the other four at will. */
const NETWORK_GROUPS = 4;

/** What counts as one client where clients are counted: an IPv4 address, or the /64 of an IPv6 address. */
export function addressBlock(address: string): string {
  const [bare = ''] = address.split('%', 1);
  if (!isIPv6(bare)) return address;
  const [head = '', tail] = bare.split('::', 2);
  const groups = groupsOf(head);
  if (tail !== undefined) {
    const after = groupsOf(tail);
    // An IPv4 address at the end takes the place of two groups.
    const written = groups.length + after.length + (bare.includes('.') ? 1 : 0);
    groups.push(...Array.from({ length: 8 - written }, () => '0'), ...after);
  }
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));
