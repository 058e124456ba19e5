import pg from 'pg';
import { testDatabase } from './test-database.ts';

test('gives a migrated database of one’s own, and drops it at the end of the block', async () => {
  let url: string;
  {
    await using one = await testDatabase();
    await using two = await testDatabase();
    url = one.url;
    expect(one.name).not.toBe(two.name);
    await one.query(
      `insert into users (id, email, role, password_hash) values (gen_random_uuid(), 'a@b.c', 'admin', 'x')`,
    );
    expect(await one.query('select count(*)::int as n from users')).toEqual([{ n: 1 }]);
    expect(await two.query('select count(*)::int as n from users')).toEqual([{ n: 0 }]);
  }
  await expect(new pg.Client({ connectionString: url }).connect()).rejects.toMatchObject({ code: '3D000' });
});

test('many at once wait for one template', async () => {
  const databases = await Promise.all(Array.from({ length: 5 }, () => testDatabase()));
  expect(new Set(databases.map((db) => db.name)).size).toBe(5);
  await Promise.all(databases.map((db) => db.drop()));
});

test('an empty one has no tables', async () => {
  await using db = await testDatabase({ migrated: false });
  expect(await db.query(`select * from pg_tables where schemaname = 'public'`)).toEqual([]);
});
