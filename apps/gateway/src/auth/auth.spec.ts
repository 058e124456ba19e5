import { ModulesContainer } from '@nestjs/core';
import type { LoginAnswer, UserDocument } from '@lovage/http-api';
import { openUserStore, type OpenUserStore } from '@lovage/store-postgres';
import { TestGateway } from '../testing/test-gateway.ts';
import { ensureFirstAdmin } from './first-admin.ts';
import { statesAccess } from './access.ts';

const admin = { email: 'Ada@Example.org', password: 'correct horse' };

let gateway: TestGateway;
let users: OpenUserStore;
beforeAll(async () => {
  gateway = await TestGateway.start();
  users = await openUserStore({ url: gateway.db.url });
  expect(await ensureFirstAdmin(users, admin)).toBe(true);
});
afterAll(async () => {
  await users.close();
  await gateway[Symbol.asyncDispose]();
});

const login = (body: unknown) => gateway.ask('/api/auth/login', { as: null, body });

test('there is a first administrator once', async () => {
  expect(await ensureFirstAdmin(users, { ...admin, email: 'b@example.org' })).toBe(false);
});

test('a login gives a token that opens what it should', async () => {
  const answer = await login(admin);
  expect(answer.status).toBe(200);
  const { accessToken, expiresIn } = answer.json<LoginAnswer>();
  expect(expiresIn).toBe(900);
  expect(answer.headers['cache-control']).toBe('no-store');
  const me = await gateway.ask('/api/users/me', { as: { token: accessToken } });
  expect(me.status).toBe(200);
  expect(me.json<UserDocument>()).toEqual({
    id: expect.any(String),
    email: 'ada@example.org',
    name: null,
    disabledAt: null,
    role: 'admin',
    createdAt: expect.stringMatching(/Z$/),
  });
  const { id } = me.json<UserDocument>();
  const task = await gateway.ask('/api/tasks/math.add', {
    as: { token: accessToken },
    body: { input: { x: 1, y: 1 } },
  });
  expect(task.json().user).toBe(id);
});

test('the e-mail counts in any case, the password as it is', async () => {
  expect((await login({ ...admin, email: 'ADA@EXAMPLE.ORG' })).status).toBe(200);
  expect((await login({ ...admin, password: 'Correct horse' })).status).toBe(401);
});

test('a wrong password and an unknown e-mail are answered alike', async () => {
  const wrong = await login({ ...admin, password: 'wrong' });
  const unknown = await login({ email: 'nobody@example.org', password: 'wrong' });
  expect([wrong.status, unknown.status]).toEqual([401, 401]);
  expect(wrong.headers['www-authenticate']).toBe('Bearer');
  expect({ ...wrong.problem(), requestId: '' }).toEqual({ ...unknown.problem(), requestId: '' });
  expect(wrong.problem().code).toBe('credentials_wrong');
});

test.each([
  [{}, ['email', 'password']],
  [{ ...admin, admin: true }, ['admin']],
  [{ email: 5, password: 'a' }, ['email']],
  [{ email: 'a', password: 'a'.repeat(2000) }, ['password']],
])('%j is refused', async (body, paths) => {
  const answer = await login(body);
  expect(answer.status).toBe(422);
  expect(answer.problem().errors.map((error) => error.path)).toEqual(paths);
});

test('the eleventh login within a minute is refused, with the time to wait', async () => {
  const body = { email: 'eleven@example.org', password: 'wrong' };
  for (let n = 0; n < 10; n += 1) expect((await login(body)).status).toBe(401);
  const answer = await login(body);
  expect(answer.status).toBe(429);
  expect(answer.problem().code).toBe('too_many_logins');
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(50);
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
});

test('passwords and tokens are in no log line', async () => {
  const { accessToken } = (await login(admin)).json<LoginAnswer>();
  await gateway.ask('/api/tasks/no.such', { as: { token: accessToken }, body: {} });
  const text = JSON.stringify(gateway.log.entries);
  expect(gateway.log.entries.length).toBeGreaterThan(5);
  expect(text).not.toContain(accessToken);
  expect(text).not.toContain(admin.password);
});

describe('access', () => {
  test.each(['/api/contracts', '/api/users/me', '/api/tasks/01890a5d-ac96-774b-bcce-b302099a8057'])(
    'GET %s takes a token',
    async (url) => {
      const answer = await gateway.ask(url, { as: null });
      expect(answer.status).toBe(401);
      expect(answer.problem().code).toBe('unauthenticated');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    },
  );

  test('without one the body is not even read', async () => {
    const answer = await gateway.ask('/api/tasks/math.add', { as: null, body: '{' });
    expect(answer.status).toBe(401);
  });

  test.each(['/health/live', '/health/ready', '/docs', '/openapi.json'])('GET %s takes none', async (url) => {
    expect((await gateway.ask(url, { as: null })).status).toBe(200);
  });

  test('a bad token is told from none', async () => {
    const answer = await gateway.ask('/api/contracts', { as: { token: 'a.b.c' } });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  test('a viewer reads and does not submit', async () => {
    expect((await gateway.ask('/api/contracts', { as: 'viewer' })).status).toBe(200);
    const answer = await gateway.ask('/api/tasks/math.add', { as: 'viewer', body: { input: { x: 1, y: 1 } } });
    expect(answer.status).toBe(403);
    expect(answer.problem()).toMatchObject({
      code: 'forbidden',
      detail: 'this takes the role operator; yours is viewer',
    });
  });

  test.each(['operator', 'admin'] as const)('an %s submits', async (role) => {
    const answer = await gateway.ask('/api/tasks/math.add', { as: role, body: { input: { x: 1, y: 1 } } });
    expect(answer.status).toBe(202);
  });

  test('a user who is gone is nobody', async () => {
    const answer = await gateway.ask('/api/users/me', { as: 'admin' });
    expect(answer.status).toBe(401);
  });

  test('every route says who may call it', () => {
    const modules = [...gateway.gateway.http.get(ModulesContainer).values()];
    const handlers = modules
      .flatMap((module) => [...module.controllers.values()])
      .flatMap(({ metatype }) =>
        Object.values(Object.getOwnPropertyDescriptors((metatype as { prototype: object }).prototype)),
      )
      .map(({ value }) => value as object)
      .filter((method) => typeof method === 'function' && Reflect.hasMetadata('method', method));
    expect(handlers.length).toBeGreaterThan(5);
    expect(handlers.filter((handler) => !statesAccess(handler))).toEqual([]);
  });
});
