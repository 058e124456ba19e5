import type { AuditList, LoginAnswer, SessionList, UserDocument } from '@lovage/http-api';
import { openUserStore, type OpenUserStore } from '@lovage/store-postgres';
import { TestClock } from '@lovage/testing';
import { passWindows } from '../testing/rate-windows.ts';
import { TestGateway, type GatewayAnswer } from '../testing/test-gateway.ts';
import { ensureFirstAdmin } from './first-admin.ts';

const admin = { email: 'ada@example.org', password: 'correct horse' };
const clock = new TestClock(Date.now());

let gateway: TestGateway;
let users: OpenUserStore;
beforeAll(async () => {
  gateway = await TestGateway.start({ clock, options: { trustProxy: ['10.0.0.1'] } });
  users = await openUserStore({ url: gateway.db.url });
  await ensureFirstAdmin(users, admin);
});
// The limit on logins is not what these tests are about.
beforeEach(() => passWindows(gateway.db, clock, 61_000));
afterAll(async () => {
  await users.close();
  await gateway[Symbol.asyncDispose]();
});

/** With the refresh token in the answer. */
type Tokens = LoginAnswer & { readonly refreshToken: string };

async function logIn(body: object = admin): Promise<Tokens> {
  const answer = await gateway.ask('/api/auth/login', { as: null, body });
  expect(answer.status).toBe(200);
  return answer.json<Tokens>();
}
const refresh = (refreshToken: string) => gateway.ask('/api/auth/refresh', { as: null, body: { refreshToken } });
const me = (token: string) => gateway.ask('/api/users/me', { as: { token } });
const audit = async (token: string) =>
  (await gateway.ask('/api/audit?limit=200', { as: { token } })).json<AuditList>().items;

describe('a refresh token in a cookie', () => {
  const HOST = 'localhost:80';
  const own = { 'sec-fetch-site': 'same-origin' };
  const post = (path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: object } = {}) =>
    gateway.ask(`/api/auth/${path}`, { method: 'POST', as: null, body, headers });
  const cookieOf = (answer: GatewayAnswer): string => String(answer.headers['set-cookie']).split(';', 1)[0]!;
  const enter = async (headers: Record<string, string> = own) => {
    const answer = await post('login', { headers, body: { ...admin, cookie: true } });
    return { answer, cookie: cookieOf(answer), token: answer.json<LoginAnswer>().accessToken };
  };

  test('is in no answer, out of reach of scripts, and rotates; tabs that refresh at once stay logged in', async () => {
    const { answer, cookie } = await enter();
    expect(answer.json<LoginAnswer>()).toMatchObject({ refreshToken: null, accessToken: expect.any(String) });
    expect(answer.headers['set-cookie']).toMatch(
      /^lovage_refresh=lvr_[\w-]{43}; Path=\/api\/auth; HttpOnly; SameSite=Strict; Max-Age=2592000$/,
    );
    const tabs = await Promise.all([1, 2, 3].map(() => post('refresh', { headers: { ...own, cookie }, body: {} })));
    expect(tabs.map(({ status }) => status)).toEqual([200, 200, 200]);
    const next = cookieOf(tabs[0]!);
    expect(new Set([cookie, ...tabs.map(cookieOf)])).toEqual(new Set([cookie, next]));
    expect(tabs[0]!.text).not.toContain(next.slice('lovage_refresh='.length));
    const other = { cookie: `theme=dark; ${next}; x=1`, ...own };
    expect((await post('refresh', { headers: other })).status).toBe(200);
    // The cookie opens nothing else.
    expect((await gateway.ask('/api/users/me', { as: null, headers: { ...own, cookie: next } })).status).toBe(401);
  });

  test.each<[string, Record<string, string>]>([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: `http://${HOST}` }],
    ['another host of the site', { 'sec-fetch-site': 'same-site' }],
    ['an address that was typed', { 'sec-fetch-site': 'none' }],
    ['another origin', { origin: 'http://evil.example' }],
    ['another port', { origin: 'http://localhost:81' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['nobody knows where', {}],
  ])('is not for %s', async (_, headers) => {
    const { cookie, token } = await enter();
    for (const path of ['refresh', 'logout'])
      expect((await post(path, { headers: { ...headers, cookie } })).problem().code).toBe('cross_site');
    const login = await post('login', { headers, body: { ...admin, cookie: true } });
    expect([login.problem().code, login.headers['set-cookie']]).toEqual(['cross_site', undefined]);
    expect((await me(token)).status).toBe(200);
  });

  test('where the browser states the origin alone, its host must be this one', async () => {
    const { answer, cookie } = await enter({ origin: 'http://LOCALHOST' });
    expect(answer.status).toBe(200);
    expect((await post('refresh', { headers: { origin: 'http://localhost', cookie } })).status).toBe(200);
  });

  test('is Secure where a trusted proxy says that the page came over https, and that proxy tells the host', async () => {
    const said = {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'tasks.example.org',
      origin: 'https://tasks.example.org',
    };
    const ask = (from: string) =>
      gateway.ask('/api/auth/login', { as: null, from, headers: said, body: { ...admin, cookie: true } });
    expect((await ask('10.0.0.1')).headers['set-cookie']).toMatch(/; Secure$/);
    expect((await ask('10.0.0.2')).problem().code).toBe('cross_site');
  });

  test('logout takes it away; the access token is refused at once', async () => {
    const { cookie, token } = await enter();
    const left = await post('logout', { headers: { ...own, cookie }, body: {} });
    expect([left.status, left.headers['set-cookie']]).toEqual([
      204,
      expect.stringMatching(/^lovage_refresh=;.*Max-Age=0/),
    ]);
    expect((await me(token)).problem().code).toBe('unauthenticated');
    expect((await post('refresh', { headers: { ...own, cookie } })).problem().code).toBe('refresh_invalid');
    expect((await post('refresh', { headers: own })).problem().code).toBe('refresh_invalid');
  });
});

test('sessions: one’s own are listed and ended, those of others by administrators; or all at once', async () => {
  await gateway.db.query('delete from refresh_tokens');
  const here = await logIn();
  const made = await gateway.ask('/api/users', {
    as: { token: here.accessToken },
    body: { email: 'di@example.org', password: 'password one', role: 'viewer' },
  });
  const { id: userId } = made.json<UserDocument>();
  const enter = async (agent: string) =>
    (
      await gateway.ask('/api/auth/login', {
        ...{ as: null, from: '203.0.113.7', headers: { 'user-agent': agent } },
        body: { email: 'di@example.org', password: 'password one' },
      })
    ).json<Tokens>();
  const [one, two] = [await enter('Firefox <b>\u00e9'.padEnd(400, 'x')), await enter('curl')];
  const list = (as: Tokens, query = '') => gateway.ask(`/api/sessions${query}`, { as: { token: as.accessToken } });
  const end = (as: Tokens, id: string) =>
    gateway.ask(`/api/sessions/${id}`, { method: 'DELETE', as: { token: as.accessToken } });

  const { items } = (await list(one)).json<SessionList>();
  expect(items.map(({ current, userAgent }) => [current, userAgent?.slice(0, 8)])).toEqual([
    [false, 'curl'],
    [true, 'Firefox '],
  ]);
  expect(items[1]).toMatchObject({ userId, cookie: false, address: '203.0.113.7' });
  expect(items[1]!.userAgent).toHaveLength(300);
  const [second, first] = items.map(({ id }) => id);
  const adminId = (await me(here.accessToken)).json<UserDocument>().id;
  expect((await list(one, `?user=${adminId}`)).problem().code).toBe('forbidden');
  expect((await list(one, '?user=all')).problem().code).toBe('forbidden');
  expect((await list(here, `?user=${userId}`)).json<SessionList>().items).toHaveLength(2);
  const all = (await list(here, '?user=all')).json<SessionList>().items;
  expect(all).toHaveLength(3);
  // Of others a viewer ends none.
  expect((await end(one, all.find((session) => session.userId === adminId)!.id)).problem().code).toBe(
    'session_unknown',
  );

  expect((await end(one, second!)).status).toBe(204);
  expect((await me(two.accessToken)).status).toBe(401);
  expect((await refresh(two.refreshToken)).status).toBe(401);
  expect((await end(one, second!)).problem().code).toBe('session_unknown');
  expect((await end(here, first!)).status).toBe(204);
  expect((await me(one.accessToken)).status).toBe(401);

  const [three, four] = [await enter('a'), await enter('b')];
  const everywhere = await gateway.ask('/api/auth/logout-everywhere', {
    ...{ method: 'POST', as: { token: three.accessToken } },
  });
  expect(everywhere.json()).toEqual({ ended: 2 });
  for (const { accessToken, refreshToken } of [three, four]) {
    expect((await me(accessToken)).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
  }
  const actions = (await audit(here.accessToken)).filter(({ target }) => target === userId).map(({ action }) => action);
  expect(actions.slice(0, 3)).toEqual(['auth.logout_everywhere', 'auth.login', 'auth.login']);
  expect(actions.filter((action) => action === 'session.end')).toHaveLength(2);
  expect((await me(here.accessToken)).status).toBe(200);
});
