import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startProcess, testDatabase, type TestDatabase } from '@lovage/testing';
import pg from 'pg';
import { fromRoot } from '../testing/page-program.ts';
import { applyMigrations } from './migrations.ts';

const root = fromRoot('');
let db: TestDatabase;
beforeEach(async () => {
  db = await testDatabase({ migrated: false });
});
afterEach(() => db.drop());

const count = async (sql: string) => (await db.query<{ n: number }>(`select count(*)::int as n from ${sql}`))[0]!.n;
const relations = () => count(`pg_class where relnamespace = 'public'::regnamespace`);

async function status(dir = root): Promise<{ code: number | null; said: string }> {
  const run = await startProcess(
    process.execPath,
    [fromRoot('node_modules/prisma/build/index.js'), 'migrate', 'status'],
    {
      cwd: dir,
      env: { DATABASE_URL: db.url, CHECKPOINT_DISABLE: '1', NO_COLOR: '1' },
    },
  );
  run.endInput();
  return { code: (await run.exit).code, said: run.output };
}

/** A checkout as far as migrations go, with one more of them. */
function checkoutWith(sql: string): Disposable & { readonly dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'lovage-migrations-'));
  cpSync(join(root, 'prisma'), join(dir, 'prisma'), { recursive: true });
  cpSync(join(root, 'prisma.config.ts'), join(dir, 'prisma.config.ts'));
  for (const name of ['node_modules', 'tools', 'package.json']) symlinkSync(join(root, name), join(dir, name));
  mkdirSync(join(dir, 'prisma/migrations/29990101000000_more'));
  writeFileSync(join(dir, 'prisma/migrations/29990101000000_more/migration.sql'), sql);
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

test('what is applied to an empty database is what Prisma would have applied, in its order; a later migration is its own to apply', async () => {
  expect(await applyMigrations(db.url, root)).toBe('applied');
  expect(await applyMigrations(db.url, root)).toBe('none');
  expect(await status()).toEqual({ code: 0, said: expect.stringContaining('Database schema is up to date') });
  const names = async (by: string) =>
    (await db.query<{ name: string }>(`select migration_name as name from _prisma_migrations order by ${by}`)).map(
      ({ name }) => name,
    );
  expect(await names('started_at')).toEqual(await names('migration_name'));

  using more = checkoutWith('create table "Herb" (id int primary key);');
  expect(await applyMigrations(db.url, more.dir)).toBe('applied');
  expect(await count('"Herb"')).toBe(0);
  expect(await status(more.dir)).toMatchObject({ code: 0 });
}, 120_000);

test('of several that start at once, one applies them', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => applyMigrations(db.url, root)));
  expect(made.sort()).toEqual(['applied', 'none', 'none', 'none', 'none']);
});

test('interrupted in the middle, it leaves an empty database, and the next start applies all', async () => {
  // The last migration comes to where this connection holds it up.
  const holder = new pg.Client({ connectionString: db.url });
  await holder.connect();
  await holder.query('select pg_advisory_lock(1)');
  using more = checkoutWith('select pg_advisory_xact_lock(1);');
  const program = `import { applyMigrations } from ${JSON.stringify(fromRoot('tools/src/launcher/migrations.ts'))};
    await applyMigrations(process.env.DATABASE_URL, ${JSON.stringify(more.dir)});`;
  const run = await startProcess(
    process.execPath,
    ['--conditions=@lovage/source', '--import', fromRoot('tools/ts-hooks.mjs'), '--input-type=module', '-e', program],
    { cwd: root, env: { DATABASE_URL: db.url } },
  );
  const waiting = `pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`;
  await eventually(async () => (await count(waiting)) === 1, { timeoutMs: 30_000 });
  await run.kill();
  await holder.end();
  await eventually(async () => (await relations()) === 0);
  expect(await applyMigrations(db.url, root)).toBe('applied');
  expect(await status()).toMatchObject({ code: 0 });
}, 120_000);

test('a migration that no transaction takes is left to Prisma', async () => {
  using more = checkoutWith('create index concurrently herbs on tasks (id);');
  expect(await applyMigrations(db.url, more.dir)).toBe('applied');
  expect(await status(more.dir)).toMatchObject({ code: 0 });
}, 120_000);

test('a database with tables of somebody else is refused, as Prisma refuses it', async () => {
  await db.query('create table herbs (id int)');
  await expect(applyMigrations(db.url, root)).rejects.toThrow('P3005');
  expect(await count(`pg_tables where schemaname = 'public'`)).toBe(1);
}, 60_000);
