import { newId } from '@lovage/foundation';
import { StoreUnavailableError, type NewUser } from '@lovage/ports';
import { TcpProxy, testDatabase, type TestDatabase } from '@lovage/testing';
import { openUserStore } from './open-user-store.ts';
import type { OpenUserStore } from './user-store-options.ts';
import { isUnavailable } from './prisma-errors.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());
beforeEach(() => db.query('delete from users'));

const user = (over: Partial<NewUser> = {}): NewUser => ({
  id: newId(),
  email: 'ada@example.org',
  name: null,
  role: 'admin',
  passwordHash: '$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHQ$aGFzaA',
  ...over,
});

async function withStore(run: (store: OpenUserStore) => Promise<void>, url = db.url): Promise<void> {
  const store = await openUserStore({ url, connectTimeoutMs: 500 });
  try {
    await run(store);
  } finally {
    await store.close();
  }
}

test('the first user is kept and found by id and by e-mail', () =>
  withStore(async (store) => {
    const first = user({ name: 'Ada' });
    const before = Date.now();
    expect(await store.insertFirst(first)).toBe(true);
    const found = await store.findByEmail(first.email);
    expect(found).toEqual({ ...first, epoch: 0, disabledAt: null, createdAt: expect.any(Number) });
    expect(Math.abs(found!.createdAt - before)).toBeLessThan(60_000);
    expect(await store.findById(first.id)).toEqual(found);
  }));

test('nobody is found where nobody is', () =>
  withStore(async (store) => {
    expect(await store.findByEmail('nobody@example.org')).toBeUndefined();
    expect(await store.findById(newId())).toBeUndefined();
  }));

test('there is a first user once', () =>
  withStore(async (store) => {
    expect(await store.insertFirst(user())).toBe(true);
    expect(await store.insertFirst(user({ email: 'b@example.org' }))).toBe(false);
    expect(await db.query('select email from users')).toEqual([{ email: 'ada@example.org' }]);
  }));

test('of many gateways that start at once, one makes the first user', async () => {
  const stores = await Promise.all(Array.from({ length: 8 }, () => openUserStore({ url: db.url })));
  const made = await Promise.all(
    stores.map((store, i) => store.insertFirst(user({ id: newId(), email: `u${i}@example.org` }))),
  );
  await Promise.all(stores.map((store) => store.close()));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(await db.query('select count(*)::int as n from users')).toEqual([{ n: 1 }]);
});

describe('with Postgres away', () => {
  test.each([
    ['refused', (proxy: TcpProxy) => proxy.refuse()],
    ['silent', async (proxy: TcpProxy) => proxy.blackhole()],
  ])('a new connection that is %s is StoreUnavailableError', async (_, breakIt) => {
    await using proxy = await TcpProxy.before(db.url);
    await breakIt(proxy);
    await withStore(async (store) => {
      await expect(store.findByEmail('a@b.c')).rejects.toThrow(StoreUnavailableError);
      await expect(store.insertFirst(user())).rejects.toThrow(StoreUnavailableError);
    }, proxy.url);
  });

  test('a connection that breaks costs one call, the next one succeeds', async () => {
    await using proxy = await TcpProxy.before(db.url);
    await withStore(async (store) => {
      await store.findByEmail('a@b.c');
      await proxy.refuse();
      await expect(store.findByEmail('a@b.c')).rejects.toThrow(StoreUnavailableError);
      await proxy.heal();
      expect(await store.findByEmail('a@b.c')).toBeUndefined();
    }, proxy.url);
  });
});

test('an error that is no matter of the connection stays what it is', () =>
  withStore(async (store) => {
    await expect(store.insertFirst(user({ id: 'no uuid' }))).rejects.not.toThrow(StoreUnavailableError);
  }));

test.each([
  ['a server that shuts down', '57P01', true],
  ['too many connections', '53300', true],
  ['a server that only reads', '25006', true],
  ['a server whose disk fails', '58030', true],
  ['a broken constraint', '23505', false],
])('%s (%s): unavailable is %s', (_, originalCode, expected) => {
  const error = Object.assign(new Error('query failed'), {
    name: 'PrismaClientKnownRequestError',
    code: 'P2010',
    meta: { driverAdapterError: Object.assign(new Error(), { cause: { originalCode } }) },
  });
  expect(isUnavailable(error)).toBe(expected);
});
