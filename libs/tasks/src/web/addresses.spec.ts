import fc from 'fast-check';
import { isPublicAddress } from './addresses.ts';

it.each([
  '8.8.8.8',
  '1.1.1.1',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.0.1',
  '172.32.0.1',
  '2001:4860:4860::8888',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
])('%s is public', (address) => expect(isPublicAddress(address)).toBe(true));

it.each([
  '127.0.0.1',
  '127.255.255.255',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  // Where clouds serve credentials.
  '168.63.129.16',
  '::ffff:168.63.129.16',
  '192.80.8.124',
  '100.100.100.200',
  '192.0.0.192',
  '169.254.170.2',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fd00:42::42',
  '0.0.0.0',
  '0.1.2.3',
  '224.0.0.1',
  '239.1.2.3',
  '240.0.0.1',
  '255.255.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:a00:1',
  '::127.0.0.1',
  '::7f00:1',
  '::a00:1',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'fc00::1',
  'fd12:3456::1',
  'ff02::1',
  '64:ff9b::a00:1',
  '64:ff9b:1::1',
  '2002:a00:1::',
  '2001::1',
  '2001:db8::1',
  '100::1',
  '4000::1',
  'localhost',
  '',
  '10.1',
  '0x7f000001',
])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));

it('an IPv4 address within an IPv6 one is never more public than itself', () => {
  fc.assert(
    fc.property(fc.ipV4(), (v4) => {
      expect(isPublicAddress(`::ffff:${v4}`)).toBe(isPublicAddress(v4));
      expect(isPublicAddress(`::${v4}`)).toBe(false);
      expect(isPublicAddress(`64:ff9b::${v4}`)).toBe(false);
    }),
  );
});
