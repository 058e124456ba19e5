import type { AuditList, LoginAnswer } from '@lovage/http-api';
import { openUserStore } from '@lovage/store-postgres';
import { ensureFirstAdmin } from '../auth/first-admin.ts';
import { TestGateway, type Ask } from '../testing/test-gateway.ts';

const admin = { email: 'ada@example.org', password: 'correct horse' };
const PROXY = '10.0.0.1';
const CLIENT = '203.0.113.7';

interface Sent {
  readonly from?: string;
  /** `X-Forwarded-For` as it reaches the gateway. */
  readonly forwarded?: string;
}

/** What a request looks like to the gateway that comes by this way. */
const by = ({ from, forwarded }: Sent): Pick<Ask, 'from' | 'headers'> => ({
  from,
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
});

async function withGateway(trustProxy: readonly string[], test: (gateway: TestGateway) => Promise<void>) {
  await using gateway = await TestGateway.start({ options: { trustProxy } });
  const users = await openUserStore({ url: gateway.db.url });
  try {
    await ensureFirstAdmin(users, admin);
  } finally {
    await users.close();
  }
  await test(gateway);
}

const failLogin = async (gateway: TestGateway, sent: Sent, email = 'nobody@example.org'): Promise<number> => {
  const body = { email, password: 'wrong' };
  return (await gateway.ask('/api/auth/login', { as: null, body, ...by(sent) })).status;
};

/** The address that the audit log has of a logout which comes by this way. */
async function auditedAddress(gateway: TestGateway, sent: Sent): Promise<string | null> {
  const login = await gateway.ask('/api/auth/login', { as: null, body: admin, ...by(sent) });
  const { accessToken, refreshToken } = login.json<LoginAnswer>();
  await gateway.ask('/api/auth/logout', { as: { token: accessToken }, body: { refreshToken }, ...by(sent) });
  const { items } = (await gateway.ask('/api/audit?limit=1', { as: 'admin' })).json<AuditList>();
  expect(items[0]!.action).toBe('auth.logout');
  return items[0]!.address;
}

test('without TRUST_PROXY nobody is believed: each connection is its own client', async () => {
  await withGateway([], async (gateway) => {
    expect(await auditedAddress(gateway, { from: CLIENT, forwarded: '8.8.8.8' })).toBe(CLIENT);
    // Another claim for each attempt gives no more attempts.
    for (let n = 0; n < 10; n += 1)
      expect(await failLogin(gateway, { from: CLIENT, forwarded: `8.8.8.${n}` })).toBe(401);
    expect(await failLogin(gateway, { from: CLIENT, forwarded: '8.8.8.99' })).toBe(429);
    expect(await failLogin(gateway, { from: '203.0.113.8' })).toBe(401);
  });
});

describe('with the proxy named', () => {
  let gateway: TestGateway;
  let done: () => void;
  let running: Promise<void>;
  beforeAll(async () => {
    const over = new Promise<void>((resolve) => (done = resolve));
    await new Promise<void>((ready) => {
      running = withGateway([PROXY, '172.30.0.0/24', 'fd00::/64'], async (started) => {
        gateway = started;
        ready();
        await over;
      });
    });
  });
  afterAll(async () => {
    done();
    await running;
  });

  test.each<[string, Sent, string]>([
    ['the client that the proxy names', { from: PROXY, forwarded: CLIENT }, CLIENT],
    ['IPv6 too', { from: PROXY, forwarded: '2001:db8::7' }, '2001:db8::7'],
    ['a proxy within the network', { from: '172.30.0.9', forwarded: CLIENT }, CLIENT],
    ['a proxy that a socket for both kinds tells', { from: '::ffff:10.0.0.1', forwarded: CLIENT }, CLIENT],
    ['one behind the other', { from: PROXY, forwarded: `${CLIENT}, 172.30.0.9` }, CLIENT],
    ['what the client claimed stands before it', { from: PROXY, forwarded: `8.8.8.8, ${CLIENT}` }, CLIENT],
    ['a client that claims to be the proxy', { from: PROXY, forwarded: `8.8.8.8, ${PROXY}, ${CLIENT}` }, CLIENT],
    ['somebody else is not believed', { from: '10.0.0.2', forwarded: CLIENT }, '10.0.0.2'],
    ['nor one outside of the network', { from: '172.30.1.9', forwarded: CLIENT }, '172.30.1.9'],
    ['nothing said', { from: PROXY }, PROXY],
    ['no address', { from: PROXY, forwarded: 'unknown' }, PROXY],
    ['no address, at length', { from: PROXY, forwarded: 'x'.repeat(10_000) }, PROXY],
    ['no proxy, both kinds', { from: '::ffff:10.0.0.2' }, '10.0.0.2'],
  ])('%s', async (_what, sent, expected) => {
    expect(await auditedAddress(gateway, sent)).toBe(expected);
  });

  test('logins are counted for each client behind it, whatever they claim', async () => {
    const email = 'counted@example.org';
    for (let n = 0; n < 10; n += 1)
      expect(await failLogin(gateway, { from: PROXY, forwarded: `8.8.8.${n}, ${CLIENT}` }, email)).toBe(401);
    expect(await failLogin(gateway, { from: PROXY, forwarded: `8.8.8.99, ${CLIENT}` }, email)).toBe(429);
    expect(await failLogin(gateway, { from: PROXY, forwarded: '203.0.113.8' }, email)).toBe(401);
  });
});
