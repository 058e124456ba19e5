import pg from 'pg';
import { testDatabase } from './test-database.ts';

const USER = `insert into users (id, email, role, password_hash) values (gen_random_uuid(), 'a@b.c', 'admin', 'x')`;

test('two at the same time are two, each without rows of the other', async () => {
  await using one = await testDatabase();
  await using two = await testDatabase();
  expect(one.name).not.toBe(two.name);
  await one.query(USER);
  expect(await one.query('select count(*)::int as n from users')).toEqual([{ n: 1 }]);
  expect(await two.query('select count(*)::int as n from users')).toEqual([{ n: 0 }]);
});

test('one after another are the same, emptied, with what migrations have put there', async () => {
  let before: { name: string; rows: unknown[] };
  {
    await using db = await testDatabase();
    before = { name: db.name, rows: await db.query('select * from history_cursor') };
    expect(before.rows).toHaveLength(1);
    await db.query(USER);
    await db.query(`update history_cursor set finished_at = now()`);
    await db.query('analyze users');
    // Held open by somebody who forgets it, with a row that waits to be committed.
    const forgotten = new pg.Client({ connectionString: db.url });
    forgotten.on('error', () => undefined);
    await forgotten.connect();
    await forgotten.query('begin');
    await forgotten.query(`insert into queues (name) values ('late')`);
  }
  await using db = await testDatabase();
  expect({ name: db.name, rows: await db.query('select * from history_cursor') }).toEqual(before);
  expect(await db.query('select * from users')).toEqual([]);
  expect(await db.query('select * from queues')).toEqual([]);
  expect(await db.query(`select from pg_stats where tablename = 'users'`)).toEqual([]);
  const [counted] = await db.query(`select n_tup_ins::int as n from pg_stat_user_tables where relname = 'users'`);
  expect(counted).toEqual({ n: 0 });
});

test.each([
  'alter table users add column more int',
  'alter table users rename column email to mail',
  'create table more (n int)',
  'create schema more',
  'create function more() returns int language sql as $$ select 1 $$',
  'drop index users_email_key',
  'alter table tasks disable trigger all',
  'grant select on users to public',
  `do $$ begin execute format('alter database %I set statement_timeout = 1234', current_database()); end $$`,
])('after `%s` the next one is another', async (sql) => {
  let name: string;
  {
    await using db = await testDatabase();
    name = db.name;
    await db.query(sql);
  }
  await using db = await testDatabase();
  expect(db.name).not.toBe(name);
  await expect(db.query(`select from pg_database where datname = $1`, [name])).resolves.toEqual([]);
});

test('what was given up is not to be asked any more', async () => {
  const db = await testDatabase();
  await db.drop();
  await db.drop();
  await expect(db.query('select 1')).rejects.toThrow('was given up');
});

test('many at once wait for one template', async () => {
  const databases = await Promise.all(Array.from({ length: 5 }, () => testDatabase()));
  expect(new Set(databases.map((db) => db.name)).size).toBe(5);
  await Promise.all(databases.map((db) => db.drop()));
});

test('an empty one has no tables, and is nobody’s after its test', async () => {
  let url: string;
  {
    await using db = await testDatabase({ migrated: false });
    url = db.url;
    expect(await db.query(`select * from pg_tables where schemaname = 'public'`)).toEqual([]);
  }
  await expect(new pg.Client({ connectionString: url }).connect()).rejects.toMatchObject({ code: '3D000' });
});
