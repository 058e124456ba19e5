import type {
  AuditList,
  LoginAnswer,
  NewApiKeyAnswer,
  SessionList,
  UserDocument,
  UserList,
  UserRole,
} from '@lovage/http-api';
import type { UserStore } from '@lovage/ports';
import { openUserStore, type OpenUserStore } from '@lovage/store-postgres';
import { TestClock } from '@lovage/testing';
import { passWindows } from '../testing/rate-windows.ts';
import { TestGateway, type Ask } from '../testing/test-gateway.ts';
import { ensureFirstAdmin } from './first-admin.ts';
import { FRESH_MS } from './standings.ts';

/** Rights are those of now, on the gateway where they were taken away and on every other one. */

const root = { email: 'root@example.org', password: 'correct horse' };
const clock = new TestClock(Date.now());
let here: TestGateway;
let elsewhere: TestGateway;
let users: OpenUserStore;
let token: string;
/** Runs once, between the reading of a user at a login and the comparison of the password. */
let overlap: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  here = await TestGateway.start({ clock });
  users = await openUserStore({ url: here.db.url });
  const overlapping: Pick<UserStore, 'findByEmail'> = {
    findByEmail: async (email) => {
      const user = await users.findByEmail(email);
      await overlap?.();
      overlap = undefined;
      return user;
    },
  };
  const slow = new Proxy(users, {
    get: (target, key: keyof OpenUserStore) => {
      if (key === 'findByEmail') return overlapping.findByEmail;
      const member: unknown = target[key];
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  elsewhere = await TestGateway.start({ clock, deps: { users: slow, access: users.access, checks: users.checks } });
  await ensureFirstAdmin(users, root);
});
beforeEach(async () => {
  await passWindows(here.db, clock, 61_000);
  token = (await logIn(root)).accessToken;
});
afterAll(async () => {
  await elsewhere[Symbol.asyncDispose]();
  await users.close();
  await here[Symbol.asyncDispose]();
});

async function logIn(body: object, gateway = here): Promise<LoginAnswer> {
  const answer = await gateway.ask('/api/auth/login', { as: null, body });
  expect(answer.status).toBe(200);
  return answer.json<LoginAnswer>();
}

let count = 0;
/** A user with a login and an API key. */
async function someone(role: UserRole) {
  const credentials = { email: `u${(count += 1)}@example.org`, password: 'password one' };
  const made = await here.ask('/api/users', { as: { token }, body: { ...credentials, role: 'admin' } });
  const { id } = made.json<UserDocument>();
  const first = await logIn(credentials);
  const body = { name: 'a service', role: 'admin' };
  const key = (await here.ask('/api/api-keys', { as: { token: first.accessToken }, body })).json<NewApiKeyAnswer>();
  if (role !== 'admin') await change(id, { role });
  return { id, credentials, key: key.key, ...(await logIn(credentials)) };
}
const change = async (id: string, body: object) => {
  const answer = await here.ask(`/api/users/${id}`, { method: 'PATCH', as: { token }, body });
  expect(answer.status).toBe(200);
};
/** What both gateways say, within a second of a change. */
async function both(url: string, caller: Pick<Ask, 'as' | 'headers'>): Promise<number[]> {
  await clock.advance(FRESH_MS);
  return [(await here.ask(url, caller)).status, (await elsewhere.ask(url, caller)).status];
}
const byKey = (key: string) => ({ as: null, headers: { 'x-api-key': key } });

test('a demoted administrator is one no more, nor by a key made before', async () => {
  const { id, key, accessToken } = await someone('admin');
  expect(await both('/api/users', { as: { token: accessToken } })).toEqual([200, 200]);
  expect(await both('/api/users', byKey(key))).toEqual([200, 200]);
  await change(id, { role: 'viewer' });
  expect((await here.ask('/api/users', { as: { token: accessToken } })).status).toBe(401);
  expect(await both('/api/users', { as: { token: accessToken } })).toEqual([401, 401]);
  expect(await both('/api/users', byKey(key))).toEqual([403, 403]);
  expect(await both('/api/contracts', byKey(key))).toEqual([200, 200]);
  const back = { method: 'PATCH', body: { role: 'admin' }, ...byKey(key) } as const;
  expect((await here.ask(`/api/users/${id}`, back)).status).toBe(403);
});

test('a role that was changed in the database counts at once, for tokens too', async () => {
  const { id, accessToken } = await someone('admin');
  expect(await both('/api/users', { as: { token: accessToken } })).toEqual([200, 200]);
  await here.db.query("update users set role = 'viewer' where id = $1", [id]);
  expect(await both('/api/users', { as: { token: accessToken } })).toEqual([403, 403]);
  expect(await both('/api/contracts', { as: { token: accessToken } })).toEqual([200, 200]);
});

test('a disabled user does nothing, by login, token or key, on any gateway; enabled again logs in anew, and keys go on', async () => {
  const { id, key, accessToken, refreshToken, credentials } = await someone('operator');
  expect(await both('/api/contracts', { as: { token: accessToken } })).toEqual([200, 200]);
  expect(await both('/api/contracts', byKey(key))).toEqual([200, 200]);
  await change(id, { disabled: true });
  expect((await here.ask('/api/contracts', { as: { token: accessToken } })).status).toBe(401);
  expect(await both('/api/contracts', { as: { token: accessToken } })).toEqual([401, 401]);
  expect(await both('/api/contracts', byKey(key))).toEqual([401, 401]);
  expect((await elsewhere.ask('/api/auth/refresh', { as: null, body: { refreshToken } })).status).toBe(401);
  const login = await elsewhere.ask('/api/auth/login', { as: null, body: credentials });
  expect(login.problem()).toMatchObject({ status: 403, code: 'user_disabled' });
  const guess = { ...credentials, password: 'another password' };
  expect((await here.ask('/api/auth/login', { as: null, body: guess })).problem().code).toBe('credentials_wrong');
  const { items } = (await here.ask('/api/users', { as: { token } })).json<UserList>();
  expect(items.find((user) => user.id === id)).toMatchObject({ disabledAt: expect.any(String) });
  await change(id, { disabled: true });

  await change(id, { disabled: false, name: 'Back' });
  expect(await both('/api/contracts', { as: { token: accessToken } })).toEqual([401, 401]);
  expect((await here.ask('/api/auth/refresh', { as: null, body: { refreshToken } })).status).toBe(401);
  expect(await both('/api/contracts', byKey(key))).toEqual([200, 200]);
  expect(await both('/api/contracts', { as: { token: (await logIn(credentials)).accessToken } })).toEqual([200, 200]);
  const audit = (await here.ask('/api/audit?action=user.*', { as: { token } })).json<AuditList>().items;
  expect(audit.filter(({ target }) => target === id).map(({ action }) => action)).toEqual([
    ...['user.update', 'user.enable', 'user.disable', 'user.update', 'user.create'],
  ]);
});

test('a login that overlaps with being disabled does not survive it', async () => {
  const { id, credentials } = await someone('operator');
  overlap = () => change(id, { disabled: true });
  expect((await elsewhere.ask('/api/auth/login', { as: null, body: credentials })).status).toBe(401);
  expect(await here.db.query('select from refresh_tokens where user_id = $1 and revoked_at is null', [id])).toEqual([]);
});

test('nobody disables themselves, nor the last administrator who is not disabled', async () => {
  const { id, accessToken, key } = await someone('admin');
  const patch = (of: string, body: object, caller: Pick<Ask, 'as' | 'headers'>) =>
    here.ask(`/api/users/${of}`, { method: 'PATCH', body, ...caller });
  for (const caller of [{ as: { token: accessToken } }, byKey(key)])
    expect((await patch(id, { disabled: true }, caller)).problem()).toMatchObject({
      status: 409,
      code: 'own_user',
    });
  // All administrators but this one and the one that asks are disabled; then they disable each other at once.
  const { items } = (await here.ask('/api/users', { as: { token } })).json<UserList>();
  const own = (await here.ask('/api/users/me', { as: { token } })).json<UserDocument>().id;
  for (const user of items)
    if (user.role === 'admin' && user.id !== id && user.id !== own) await change(user.id, { disabled: true });
  const answers = await Promise.all([
    patch(id, { disabled: true }, { as: { token } }),
    patch(own, { disabled: true }, { as: { token: accessToken } }),
  ]);
  const done = answers.filter(({ status }) => status === 200);
  expect(done).toHaveLength(1);
  const left = answers[0]!.status === 200 ? own : id;
  const rest = { as: { token: left === own ? token : accessToken } };
  expect((await patch(left, { role: 'viewer' }, rest)).problem().code).toBe('last_admin');
  expect((await here.ask(`/api/users/${left}`, { method: 'DELETE', ...rest })).problem().code).toBe('last_admin');
  // For the next test.
  await here.db.query('update users set disabled_at = null');
});

test('a removed user does nothing more, and leaves neither keys nor logins', async () => {
  const { id, key, accessToken, refreshToken } = await someone('admin');
  expect(await both('/api/users', { as: { token: accessToken } })).toEqual([200, 200]);
  await here.ask(`/api/users/${id}`, { method: 'DELETE', as: { token } });
  expect((await here.ask('/api/users', { as: { token: accessToken } })).status).toBe(401);
  expect(await both('/api/users', { as: { token: accessToken } })).toEqual([401, 401]);
  expect(await both('/api/contracts', byKey(key))).toEqual([401, 401]);
  const as = { token: accessToken };
  const user = { email: 'late@example.org', password: 'password one', role: 'admin' };
  expect((await elsewhere.ask('/api/users', { as, body: user })).status).toBe(401);
  expect((await elsewhere.ask('/api/api-keys', { as, body: { name: 'late' } })).status).toBe(401);
  expect((await here.ask('/api/auth/refresh', { as: null, body: { refreshToken } })).status).toBe(401);
  for (const table of ['api_keys', 'refresh_tokens'])
    expect(await here.db.query(`select from ${table} where user_id = $1`, [id])).toEqual([]);
});

test('a password reset ends access tokens and logins; keys on request', async () => {
  const { id, key, accessToken, refreshToken, credentials } = await someone('operator');
  await change(id, { password: 'password two' });
  expect(await both('/api/contracts', { as: { token: accessToken } })).toEqual([401, 401]);
  expect((await here.ask('/api/auth/refresh', { as: null, body: { refreshToken } })).status).toBe(401);
  expect(await both('/api/contracts', byKey(key))).toEqual([200, 200]);
  await change(id, { password: 'password three', revokeApiKeys: true });
  expect(await both('/api/contracts', byKey(key))).toEqual([401, 401]);
  const { items } = (await here.ask('/api/audit?limit=1', { as: { token } })).json<AuditList>();
  expect(items[0]).toMatchObject({ action: 'user.update', target: id });
  expect(items[0]!.detail).toEqual({ changed: ['password'], revokedKeys: 1 });
  const login = await logIn({ ...credentials, password: 'password three' });
  expect(await both('/api/contracts', { as: { token: login.accessToken } })).toEqual([200, 200]);
});

test('a session that is ended here is over elsewhere, too; the user’s other ones and keys go on', async () => {
  const { key, accessToken, credentials } = await someone('operator');
  const other = (await logIn(credentials)).accessToken;
  const { items } = (await here.ask('/api/sessions', { as: { token: accessToken } })).json<SessionList>();
  const { id } = items.find(({ current }) => current)!;
  expect(await both('/api/contracts', { as: { token: accessToken } })).toEqual([200, 200]);
  expect((await here.ask(`/api/sessions/${id}`, { method: 'DELETE', as: { token: other } })).status).toBe(204);
  expect((await here.ask('/api/contracts', { as: { token: accessToken } })).status).toBe(401);
  expect(await both('/api/contracts', { as: { token: accessToken } })).toEqual([401, 401]);
  expect(await both('/api/contracts', { as: { token: other } })).toEqual([200, 200]);
  // A key of this role ends no sessions, but an administrator's does.
  const current = (await here.ask('/api/sessions', { as: { token: other } })).json<SessionList>().items[0]!.id;
  const end = (headers: Ask['headers']) =>
    here.ask(`/api/sessions/${current}`, { method: 'DELETE', as: null, headers });
  expect((await end(byKey(key).headers)).problem().code).toBe('session_unknown');
  expect((await here.ask('/api/auth/logout-everywhere', { method: 'POST', ...byKey(key) })).problem().code).toBe(
    'forbidden',
  );
  const admin = await someone('admin');
  expect((await end(byKey(admin.key).headers)).status).toBe(204);
  expect(await both('/api/contracts', { as: { token: other } })).toEqual([401, 401]);
});

test('a user who changes their own password may revoke their keys with it, and logs in anew', async () => {
  const { key, accessToken, credentials } = await someone('viewer');
  const password = { current: credentials.password, new: 'password two' };
  const body = { password, revokeApiKeys: true };
  const changed = await here.ask('/api/users/me', { method: 'PATCH', as: { token: accessToken }, body });
  expect(changed.status).toBe(200);
  expect(await both('/api/contracts', { as: { token: accessToken } })).toEqual([401, 401]);
  expect(await both('/api/contracts', byKey(key))).toEqual([401, 401]);
});

test('a login that overlaps a change of the password does not survive it', async () => {
  const { id, credentials } = await someone('operator');
  overlap = () => change(id, { password: 'password two' });
  const late = await elsewhere.ask('/api/auth/login', { as: null, body: credentials });
  expect(late.status).toBe(401);
  expect(late.problem().code).toBe('credentials_wrong');
  const rows = await here.db.query('select from refresh_tokens where user_id = $1 and revoked_at is null', [id]);
  expect(rows).toEqual([]);
});

test('a new name ends nothing', async () => {
  const { id, accessToken } = await someone('viewer');
  await change(id, { name: 'Ada' });
  expect(await both('/api/contracts', { as: { token: accessToken } })).toEqual([200, 200]);
});

test('an ended token that is shown again and again is written down once', async () => {
  const { id, refreshToken } = await someone('viewer');
  const post = (url: string) => here.ask(url, { as: null, body: { refreshToken } });
  await post('/api/auth/refresh');
  // The grace of a used token is over.
  await here.db.query(`update refresh_tokens set used_at = used_at - interval '10 s'`);
  for (let n = 0; n < 5; n += 1) expect((await post('/api/auth/refresh')).status).toBe(401);
  for (let n = 0; n < 5; n += 1) expect((await post('/api/auth/logout')).status).toBe(204);
  const rows = await here.db.query<{ action: string }>(
    "select action from audit where target = $1 and action like 'auth.refresh%'",
    [id],
  );
  expect(rows).toEqual([{ action: 'auth.refresh_reused' }]);
});
