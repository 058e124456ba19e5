import { newId } from '@lovage/foundation';
import { eventually, testDatabase, type TestDatabase } from '@lovage/testing';
import pg from 'pg';
import { openUserStore } from './open-user-store.ts';
import type { OpenUserStore } from './user-store-options.ts';

let db: TestDatabase;
let users: OpenUserStore;
beforeAll(async () => {
  db = await testDatabase();
  users = await openUserStore({ url: db.url });
});
afterAll(async () => {
  await users.close();
  await db.drop();
});

const FAR = Date.now() + 3_600_000;
const newUser = () =>
  users.insert({ id: newId(), email: `${newId()}@example.org`, name: null, role: 'admin', passwordHash: 'one' });
const tokenOf = (userId: string, hash: string = newId()) => {
  return { id: newId(), family: newId(), userId, hash, expiresAt: FAR };
};
const keyOf = (userId: string) => {
  return { id: newId(), userId, name: 'k', prefix: 'k', role: 'admin' as const, hash: newId(), expiresAt: null };
};

/** A change of the password by hand, held open after it has locked the user. */
async function changing(userId: string) {
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  await client.query('begin');
  await client.query('update users set epoch = epoch + 1 where id = $1', [userId]);
  const blocked = async () => {
    const { rows } = await client.query<{ n: number }>(
      'select count(*)::int as n from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))',
    );
    return rows[0]!.n > 0;
  };
  return {
    /** Once something waits for the lock, the rest of the change is done. */
    finish: async () => {
      await eventually(blocked);
      await client.query('update refresh_tokens set revoked_at = now() where user_id = $1', [userId]);
      await client.query('commit');
      await client.end();
    },
  };
}
const living = (userId: string) =>
  db.query('select from refresh_tokens where user_id = $1 and revoked_at is null', [userId]);

test('a login that waits for a change of the password is saved no more', async () => {
  const { id, epoch } = (await newUser())!;
  const change = await changing(id);
  const saved = users.access.saveRefreshToken(tokenOf(id), epoch);
  await change.finish();
  expect(await saved).toBe(false);
  expect(await living(id)).toEqual([]);
  expect(await users.access.saveRefreshToken(tokenOf(id), epoch + 1)).toBe(true);
});

test('a refresh that waits for a change of the password gives no next token', async () => {
  const { id, epoch } = (await newUser())!;
  const token = tokenOf(id);
  await users.access.saveRefreshToken(token, epoch);
  const change = await changing(id);
  const rotated = users.access.rotateRefreshToken(token.hash, { id: newId(), hash: newId(), expiresAt: FAR });
  await change.finish();
  expect(await rotated).toEqual({ kind: 'invalid' });
  expect(await living(id)).toEqual([]);
});

test.each([
  [{ name: 'Ada' }, 0],
  [{ role: 'viewer' as const }, 1],
  [{ passwordHash: 'two' }, 1],
])('%j raises the epoch by %i', async (patch, by) => {
  await newUser();
  const { id, epoch } = (await newUser())!;
  await users.access.saveRefreshToken(tokenOf(id), epoch);
  const change = await users.update(id, patch);
  expect(change).toMatchObject({ user: { epoch: epoch + by }, revokedKeys: 0 });
  expect(await users.checks.standingOf(id)).toEqual({
    role: 'role' in patch ? patch.role : 'admin',
    epoch: epoch + by,
    endedSessions: [],
  });
  expect(await living(id)).toHaveLength(by === 0 ? 1 : 0);
});

test('nobody owns no key, and who is removed owns none', async () => {
  expect(await users.access.insertApiKey(keyOf(newId()))).toBeUndefined();
  await newUser();
  const { id } = (await newUser())!;
  const key = keyOf(id);
  await users.access.insertApiKey(key);
  expect(await users.checks.useApiKey(key.hash)).toMatchObject({ id: key.id, role: 'admin' });
  await users.remove(id);
  expect(await users.checks.useApiKey(key.hash)).toBeUndefined();
  expect(await users.checks.standingOf(id)).toBeUndefined();
  expect(await db.query('select from api_keys where user_id = $1', [id])).toEqual([]);
});

test('a key is noted as used once a minute, however many requests come at once', async () => {
  const { id } = (await newUser())!;
  const key = keyOf(id);
  await users.access.insertApiKey(key);
  await Promise.all(Array.from({ length: 20 }, () => users.checks.useApiKey(key.hash)));
  const stamp = async () => (await db.query('select xmin, last_used_at from api_keys where id = $1', [key.id]))[0];
  const first = await stamp();
  expect(first).not.toMatchObject({ last_used_at: null });
  await users.checks.useApiKey(key.hash);
  expect(await stamp()).toEqual(first);
});

test.each([
  ['admin', 'viewer', 'viewer'],
  ['viewer', 'admin', 'viewer'],
  ['operator', 'operator', 'operator'],
] as const)('a key of role %s whose user is %s opens what a %s may', async (role, now, lower) => {
  await newUser();
  const { id } = (await newUser())!;
  const key = { ...keyOf(id), role };
  await users.access.insertApiKey(key);
  await users.update(id, { role: now });
  expect(await users.checks.useApiKey(key.hash)).toMatchObject({ role: lower });
});

test('while logins hold every connection, requests are still checked', async () => {
  const { id, epoch } = (await newUser())!;
  const key = keyOf(id);
  await users.access.insertApiKey(key);
  const change = await changing(id);
  const waiting = Array.from({ length: 10 }, () => users.access.saveRefreshToken(tokenOf(id), epoch));
  expect(await users.checks.useApiKey(key.hash)).toMatchObject({ id: key.id });
  expect(await users.checks.standingOf(id)).toEqual({ role: 'admin', epoch, endedSessions: [] });
  await change.finish();
  expect(await Promise.all(waiting)).toEqual(Array.from({ length: 10 }, () => false));
});
