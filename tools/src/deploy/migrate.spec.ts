import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { testDatabase, type TestDatabase } from '@lovage/testing';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const role = `lovage_test_app_${process.pid}_${randomBytes(4).toString('hex')}`;
const PASSWORD = `it's "quoted" $1 %s`;

let db: TestDatabase;
let app: pg.Client;

/** As the service `migrate` of docker-compose.yml does. */
const migrate = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, ['deploy/migrate.mjs'], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: db.url, APP_DATABASE_ROLE: role, ...env },
  });

async function login(): Promise<pg.Client> {
  const { hostname, port, pathname } = new URL(db.url);
  const socket = new URL(db.url).searchParams.get('host');
  const client = new pg.Client({
    host: socket ?? hostname,
    port: Number(port || 5432),
    database: pathname.slice(1),
    user: role,
    password: PASSWORD,
  });
  await client.connect();
  return client;
}

beforeAll(async () => {
  db = await testDatabase({ migrated: false });
  await migrate({ APP_DATABASE_PASSWORD: PASSWORD });
  app = await login();
}, 60_000);
afterAll(async () => {
  await app?.end();
  await db.query(`drop owned by ${role}`);
  await db.query(`drop role ${role}`);
  await db.drop();
});

test('the role of the apps is no superuser and owns nothing', async () => {
  const [rights] = await db.query(
    'select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls from pg_roles where rolname = $1',
    [role],
  );
  expect(Object.values(rights!)).toEqual([false, false, false, false, false]);
  expect(await db.query('select 1 from pg_class where relowner = $1::regrole', [role])).toEqual([]);
});

test('it may read and write the rows of every table but the history of migrations', async () => {
  const { rows } = await app.query<{ name: string; rights: boolean[] }>(
    `select relname as name, array(select has_table_privilege(c.oid, r) from unnest(array['select', 'insert', 'update', 'delete']) r) as rights
       from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')`,
  );
  expect(rows.length).toBeGreaterThan(10);
  const expected = (name: string) =>
    name === '_prisma_migrations' ? [true, false, false, false] : [true, true, true, true];
  for (const { name, rights } of rows) expect([name, rights]).toEqual([name, expected(name)]);
  const sequences = await app.query<{ usable: boolean }>(
    `select has_sequence_privilege(oid, 'usage') as usable from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S'`,
  );
  expect(sequences.rows.filter(({ usable }) => !usable)).toEqual([]);
});

test.each([
  'create table mine (id int)',
  'alter table tasks add column mine int',
  'drop table tasks',
  'truncate tasks',
  'create role mine superuser',
  'create database mine',
  'create extension dblink',
  `copy (select 1) to program 'true'`,
  `select pg_read_file('/etc/passwd')`,
  'alter table tasks disable trigger all',
])('it may not: %s', async (sql) => {
  await expect(app.query(sql)).rejects.toMatchObject({ code: '42501' });
});

test('a table of a later migration is its to write from the first moment', async () => {
  await db.query('create table later (id bigserial primary key, note text)');
  await expect(app.query(`insert into later (note) values ('x') returning id`)).resolves.toMatchObject({ rowCount: 1 });
});

test('a further start changes nothing but the password', async () => {
  await migrate({ APP_DATABASE_PASSWORD: 'another' });
  await migrate({ APP_DATABASE_PASSWORD: PASSWORD });
  await (await login()).end();
}, 60_000);

test('the owner is never taken for the role of the apps', async () => {
  const owner = (await db.query<{ name: string }>('select current_user::text as name'))[0]!.name;
  await expect(migrate({ APP_DATABASE_ROLE: owner, APP_DATABASE_PASSWORD: 'x' })).rejects.toMatchObject({
    stderr: expect.stringContaining('name the same role') as string,
  });
}, 60_000);
