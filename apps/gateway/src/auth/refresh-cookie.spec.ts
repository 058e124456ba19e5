import type { LoginAnswer, SessionList, UserDocument } from '@lovage/http-api';
import { AdminGateway, type Tokens } from '../testing/admin-gateway.ts';
import type { GatewayAnswer } from '../testing/test-gateway.ts';

const site = new AdminGateway({ options: { trustProxy: ['10.0.0.1'] } });

describe('a refresh token in a cookie', () => {
  const HOST = 'localhost:80';
  const own = { 'sec-fetch-site': 'same-origin' };
  const post = (path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: object } = {}) =>
    site.gateway.ask(`/api/auth/${path}`, { method: 'POST', as: null, body, headers });
  const cookieOf = (answer: GatewayAnswer): string => String(answer.headers['set-cookie']).split(';', 1)[0]!;
  const enter = async (headers: Record<string, string> = own) => {
    const answer = await post('login', { headers, body: { ...site.admin, cookie: true } });
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
    expect((await site.gateway.ask('/api/users/me', { as: null, headers: { ...own, cookie: next } })).status).toBe(401);
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
    const login = await post('login', { headers, body: { ...site.admin, cookie: true } });
    expect([login.problem().code, login.headers['set-cookie']]).toEqual(['cross_site', undefined]);
    expect((await site.me(token)).status).toBe(200);
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
      site.gateway.ask('/api/auth/login', { as: null, from, headers: said, body: { ...site.admin, cookie: true } });
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
    expect((await site.me(token)).problem().code).toBe('unauthenticated');
    expect((await post('refresh', { headers: { ...own, cookie } })).problem().code).toBe('refresh_invalid');
    expect((await post('refresh', { headers: own })).problem().code).toBe('refresh_invalid');
  });
});

test('sessions: one’s own are listed and ended, those of others by administrators; or all at once', async () => {
  await site.gateway.db.query('delete from refresh_tokens');
  const here = await site.logIn();
  const made = await site.gateway.ask('/api/users', {
    as: { token: here.accessToken },
    body: { email: 'di@example.org', password: 'password one', role: 'viewer' },
  });
  const { id: userId } = made.json<UserDocument>();
  const enter = async (agent: string) =>
    (
      await site.gateway.ask('/api/auth/login', {
        ...{ as: null, from: '203.0.113.7', headers: { 'user-agent': agent } },
        body: { email: 'di@example.org', password: 'password one' },
      })
    ).json<Tokens>();
  const [one, two] = [await enter('Firefox <b>\u00e9'.padEnd(400, 'x')), await enter('curl')];
  const list = (as: Tokens, query = '') => site.gateway.ask(`/api/sessions${query}`, { as: { token: as.accessToken } });
  const end = (as: Tokens, id: string) =>
    site.gateway.ask(`/api/sessions/${id}`, { method: 'DELETE', as: { token: as.accessToken } });

  const { items } = (await list(one)).json<SessionList>();
  expect(items.map(({ current, userAgent }) => [current, userAgent?.slice(0, 8)])).toEqual([
    [false, 'curl'],
    [true, 'Firefox '],
  ]);
  expect(items[1]).toMatchObject({ userId, cookie: false, address: '203.0.113.7' });
  expect(items[1]!.userAgent).toHaveLength(300);
  const [second, first] = items.map(({ id }) => id);
  const adminId = (await site.me(here.accessToken)).json<UserDocument>().id;
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
  expect((await site.me(two.accessToken)).status).toBe(401);
  expect((await site.refresh(two.refreshToken)).status).toBe(401);
  expect((await end(one, second!)).problem().code).toBe('session_unknown');
  expect((await end(here, first!)).status).toBe(204);
  expect((await site.me(one.accessToken)).status).toBe(401);

  const [three, four] = [await enter('a'), await enter('b')];
  const everywhere = await site.gateway.ask('/api/auth/logout-everywhere', {
    ...{ method: 'POST', as: { token: three.accessToken } },
  });
  expect(everywhere.json()).toEqual({ ended: 2 });
  for (const { accessToken, refreshToken } of [three, four]) {
    expect((await site.me(accessToken)).status).toBe(401);
    expect((await site.refresh(refreshToken)).status).toBe(401);
  }
  const actions = (await site.audit(here.accessToken))
    .filter(({ target }) => target === userId)
    .map(({ action }) => action);
  expect(actions.slice(0, 3)).toEqual(['auth.logout_everywhere', 'auth.login', 'auth.login']);
  expect(actions.filter((action) => action === 'session.end')).toHaveLength(2);
  expect((await site.me(here.accessToken)).status).toBe(200);
});
