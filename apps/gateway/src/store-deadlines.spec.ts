import { eventually, TestClock } from '@lovage/testing';
import { type GatewayDeps, PLATFORM_STORES } from './deps.ts';
import { STORE_DEADLINE_MS, withStoreDeadlines } from './store-deadlines.ts';
import { TestGateway } from './testing/test-gateway.ts';

/** Any store, of a server that never answers. */
const silent = new Proxy({}, { get: () => () => new Promise(() => undefined) });
const clock = new TestClock();
const bounded = withStoreDeadlines({
  ...{ client: silent, users: silent, access: silent, checks: silent, clock },
  platform: {
    ...Object.fromEntries(PLATFORM_STORES.map((name) => [name, silent])),
    ...{ rates: { counter: () => silent }, loadTests: () => silent, broker: silent, pingDatabase: () => undefined },
  },
} as unknown as GatewayDeps);
const { client, platform } = bounded;

/** After how long the call gives up, ms; undefined: not within a minute. */
async function patience(call: Promise<unknown>): Promise<number | undefined> {
  const begun = clock.monotonic();
  let gaveUp: unknown;
  call.catch((error: unknown) => (gaveUp = error));
  for (let ms = 0; ms < 60_000 && !gaveUp; ms += 500) await clock.advance(500);
  if (!gaveUp) return undefined;
  expect(gaveUp).toMatchObject({ code: 'store_unavailable' });
  return clock.monotonic() - begun;
}

const counter = platform.rates.counter({ name: 'n', windowMs: 1 });
test.each<[string, () => Promise<unknown>]>([
  ['the users', () => bounded.users.list()],
  ['the access', () => bounded.access.listApiKeys()],
  ['the checks', () => bounded.checks.standingOf('u')],
  ['a counter', () => counter.read('k')],
  ['load tests', () => platform.loadTests().list(1)],
  ['one task to cancel', () => client.revoke('id')],
  ['tasks to cancel', () => client.revoke(['id'], {})],
  ...PLATFORM_STORES.map((name): [string, () => Promise<unknown>] => [
    name,
    () => (platform[name] as unknown as Record<'ask', () => Promise<unknown>>).ask(),
  ]),
])('%s: an answer is waited for as long as any', async (_, ask) => {
  expect(await patience(ask())).toBe(STORE_DEADLINE_MS);
});

test('what has a time of its own gets that, and as long as any beside it', async () => {
  expect(await patience(client.revoke({}, { timeLimitMs: 10_000 }))).toBe(15_000);
  expect(await patience(platform.lists.countAll({}, { timeMs: 3_000 }))).toBe(8_000);
});

test('a submit and the broker take as long as they take', async () => {
  expect(await patience(client.submitForeign({ name: 'n', kwargs: {} }, { queue: 'q' }))).toBeUndefined();
  expect(await patience(platform.broker.depth('q'))).toBeUndefined();
  expect(clock.pending).toBe(0);
});

test('behind a broken line every route is 503; a late answer does no harm', async () => {
  const gatewayClock = new TestClock();
  await using gateway = await TestGateway.start({ proxied: true, clock: gatewayClock });
  const paths = ['tasks', 'queues', 'users', 'api-keys', 'files', 'stats', 'limits', 'views'];
  const statuses = async () => {
    const answers = await Promise.all(paths.map((path) => gateway.ask(`/api/${path}`, { as: 'admin' })));
    return answers.map(({ status }) => status).join();
  };
  const healthy = '200,200,200,200,200,200,200,200';
  // A busy machine may need longer for a connection than a gateway with a proxy waits.
  await eventually(async () => (await statuses()) === healthy);
  gateway.proxy.blackhole();
  const login = gateway.ask('/api/auth/login', { body: { email: 'a@b.c', password: 'wrong' }, as: null });
  let found: string | undefined;
  void statuses().then((given) => (found = given));
  await eventually(async () => {
    await gatewayClock.advance(STORE_DEADLINE_MS);
    return found !== undefined;
  });
  expect(found).toBe('503,503,503,503,503,503,503,503');
  expect((await login).problem().code).toBe('store_unavailable');
  await gateway.proxy.heal();
  await eventually(async () => (await statuses()) === healthy);
});
