import { ModulesContainer } from '@nestjs/core';
import { includesRole, USER_ROLES } from '@lovage/http-api';
import { hashOf } from './secrets.ts';
import { newId } from '@lovage/foundation';
import { openUserStore, type OpenUserStore } from '@lovage/store-postgres';
import { TestGateway, type Ask } from '../testing/test-gateway.ts';
import { accessOf, type Access } from './access.ts';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] as const;
type Method = (typeof METHODS)[number];

interface Route {
  readonly method: Method;
  readonly url: string;
  readonly access: Access;
}

let gateway: TestGateway;
let users: OpenUserStore;
beforeAll(async () => {
  gateway = await TestGateway.start();
  users = await openUserStore({ url: gateway.db.url });
});
afterAll(async () => {
  await users.close();
  await gateway[Symbol.asyncDispose]();
});

/** Every route there is, from the controllers themselves: a new one is in the table without anybody remembering it. */
function routes(): Route[] {
  const controllers = [...gateway.gateway.http.get(ModulesContainer).values()].flatMap((module) =>
    [...module.controllers.values()].map(({ metatype }) => metatype as { prototype: object }),
  );
  return controllers.flatMap((controller) => {
    const base = String(Reflect.getMetadata('path', controller));
    return Object.values(Object.getOwnPropertyDescriptors(controller.prototype))
      .map(({ value }) => value as object)
      .filter((handler) => typeof handler === 'function' && Reflect.hasMetadata('method', handler))
      .map((handler) => {
        const path = String(Reflect.getMetadata('path', handler));
        const url = `/${base}/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
        return {
          method: METHODS[Reflect.getMetadata('method', handler) as number] ?? 'GET',
          url: url.replace(/:name/, 'math.add').replace(/:\w+|\*\w*/g, newId()),
          access: accessOf(handler),
        };
      });
  });
}

test('each route: no credential 401, too small a role 403, else neither; by token and by API key', async () => {
  const keys = new Map<string, string>();
  for (const role of USER_ROLES) {
    const key = `lvk_${role}`;
    keys.set(role, key);
    const user = await users.insert({
      id: newId(),
      email: `${role}@example.org`,
      name: null,
      role,
      passwordHash: 'none',
    });
    const made = { id: newId(), userId: user!.id, name: role, prefix: key, role, hash: hashOf(key), expiresAt: null };
    await users.access.insertApiKey(made);
  }
  const ask = async ({ method, url }: Route, caller: Pick<Ask, 'as' | 'headers'>) => {
    const body = method === 'GET' || method === 'DELETE' ? undefined : {};
    // A stream that never ends: one parameter too many is refused after all else is decided.
    const asked = url === '/api/live' ? `${url}?no-such=1` : url;
    const { status } = await gateway.ask(asked, { method, body, ...caller });
    return status === 401 || status === 403 ? status : 'in';
  };
  const table: Record<string, unknown> = {};
  const expected: Record<string, unknown> = {};
  for (const route of routes()) {
    const { method, url, access } = route;
    // Logging in answers 401 for reasons of its own; it asks for no credential.
    if (url.startsWith('/api/auth/')) continue;
    const name = `${method} ${url.replace(/[0-9a-f-]{36}/g, '{id}')} (${access})`;
    const row: Record<string, unknown> = { none: await ask(route, { as: null }) };
    const want: Record<string, unknown> = { none: access === 'public' ? 'in' : 401 };
    for (const role of USER_ROLES) {
      const allowed = access === 'public' || includesRole(role, access) ? 'in' : 403;
      // The user of these tokens does not exist, which `me` says with 401.
      const isMe = url === '/api/users/me';
      row[role] = await ask(route, { as: role });
      want[role] = isMe ? 401 : allowed;
      row[`${role} key`] = await ask(route, { as: null, headers: { 'x-api-key': keys.get(role)! } });
      want[`${role} key`] = allowed;
    }
    table[name] = row;
    expected[name] = want;
  }
  expect(Object.keys(table).length).toBeGreaterThan(12);
  expect(table).toEqual(expected);
});
