import type { ApiKeyList, NewApiKeyAnswer, TaskDocument } from '@lovage/http-api';
import { openUserStore, type OpenUserStore } from '@lovage/store-postgres';
import { ensureFirstAdmin } from '../auth/first-admin.ts';
import { TestGateway } from '../testing/test-gateway.ts';

const admin = { email: 'ada@example.org', password: 'correct horse' };
let gateway: TestGateway;
let users: OpenUserStore;
let token: string;
beforeAll(async () => {
  gateway = await TestGateway.start();
  users = await openUserStore({ url: gateway.db.url });
  await ensureFirstAdmin(users, admin);
  const login = await gateway.ask('/api/auth/login', { as: null, body: admin });
  token = login.json<{ accessToken: string }>().accessToken;
});
afterAll(async () => {
  await users.close();
  await gateway[Symbol.asyncDispose]();
});

async function makeKey(body: object = {}): Promise<NewApiKeyAnswer> {
  const answer = await gateway.ask('/api/api-keys', { as: { token }, body: { name: 'a service', ...body } });
  expect(answer.status).toBe(201);
  return answer.json<NewApiKeyAnswer>();
}
const byKey = (key: string, url = '/api/contracts', body?: object) =>
  gateway.ask(url, { as: null, headers: { 'x-api-key': key }, body });
const revoke = (id: string) => gateway.ask(`/api/api-keys/${id}`, { method: 'DELETE', as: { token } });
const submit = { input: { x: 1, y: 2 } };

test('a key opens what its role may, as its maker', async () => {
  const { key, userId, prefix, role } = await makeKey();
  expect(role).toBe('operator');
  expect(key.startsWith(prefix)).toBe(true);
  const task = await byKey(key, '/api/tasks/math.add', submit);
  expect(task.status).toBe(202);
  expect(task.json<TaskDocument>().user).toBe(userId);
  expect((await byKey(key, '/api/users')).status).toBe(403);
  const viewer = await makeKey({ role: 'viewer' });
  expect((await byKey(viewer.key, '/api/tasks/math.add', submit)).status).toBe(403);
});

test('it is shown once, kept as a hash, and says when it was used', async () => {
  const { key, id, prefix } = await makeKey();
  await byKey(key);
  const list = await gateway.ask('/api/api-keys', { as: { token } });
  expect(list.text).not.toContain(key);
  const found = list.json<ApiKeyList>().items.find((one) => one.id === id)!;
  expect(found.prefix).toBe(prefix);
  expect(found.lastUsedAt).not.toBeNull();
  expect(JSON.stringify(await gateway.db.query('select * from api_keys'))).not.toContain(key.slice(prefix.length));
  expect(JSON.stringify(gateway.log.entries)).not.toContain(key);
});

test('a key changes nothing about its user', async () => {
  const { key, userId } = await makeKey({ role: 'viewer' });
  const asked = { as: null, method: 'PATCH', headers: { 'x-api-key': key } } as const;
  for (const body of [{ name: 'Eve' }, { password: { current: admin.password, new: 'another password' } }])
    expect((await gateway.ask('/api/users/me', { ...asked, body })).problem().code).toBe('forbidden');
  expect(await gateway.db.query('select name from users where id = $1', [userId])).toEqual([{ name: null }]);
});

test('a revoked key is refused from the next request on; two revocations in flight are one', async () => {
  const { key, id } = await makeKey();
  expect((await byKey(key)).status).toBe(200);
  const [one, two] = await Promise.all([revoke(id), revoke(id)]);
  expect([one.status, two.status]).toEqual([204, 204]);
  expect((await byKey(key)).status).toBe(401);
  const entries = await gateway.db.query("select * from audit where action = 'key.revoke' and target = $1", [id]);
  expect(entries).toHaveLength(1);
  expect((await revoke(id)).status).toBe(204);
  expect((await revoke('018f0000-0000-7000-8000-000000000000')).problem().code).toBe('api_key_unknown');
  expect((await revoke('none')).status).toBe(404);
});

test('a DELETE that states a type for the body it does not have is taken', async () => {
  const { id } = await makeKey();
  const headers = { 'content-type': 'application/json' };
  expect((await gateway.ask(`/api/api-keys/${id}`, { method: 'DELETE', headers, as: { token } })).status).toBe(204);
});

test.each(['lvk_unknown', '', 'x'.repeat(1000)])('the key %p is refused', async (key) => {
  const answer = await byKey(key);
  expect(answer.status).toBe(401);
  expect(answer.problem().code).toBe('unauthenticated');
});

test('an expired key is refused', async () => {
  const { key, id } = await makeKey({ expiresInDays: 1 });
  expect((await byKey(key)).status).toBe(200);
  await gateway.db.query('update api_keys set expires_at = now() where id = $1', [id]);
  expect((await byKey(key)).status).toBe(401);
});

test('a removed user’s keys are refused', async () => {
  const body = { email: 'bo@example.org', password: 'password one', role: 'admin' };
  await gateway.ask('/api/users', { as: { token }, body });
  const login = await gateway.ask('/api/auth/login', {
    as: null,
    body: { email: body.email, password: body.password },
  });
  const other = login.json<{ accessToken: string }>().accessToken;
  const made = await gateway.ask('/api/api-keys', { as: { token: other }, body: { name: 'bo' } });
  const { key, userId } = made.json<NewApiKeyAnswer>();
  expect((await byKey(key)).status).toBe(200);
  await gateway.ask(`/api/users/${userId}`, { method: 'DELETE', as: { token } });
  expect((await byKey(key)).status).toBe(401);
});
