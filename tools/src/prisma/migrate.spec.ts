import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess, testDatabase, type TestDatabase } from '@lovage/testing';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A checkout as far as Prisma looks at it, with migrations that a test may add to. */
let dir: string;
let db: TestDatabase;
/** Where Prisma would get its engine. */
let mirror: Server;
let downloads: string[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lovage-migrate-'));
  cpSync(join(root, 'prisma'), join(dir, 'prisma'), { recursive: true });
  cpSync(join(root, 'prisma.config.ts'), join(dir, 'prisma.config.ts'));
  for (const name of ['node_modules', 'tools', 'package.json']) symlinkSync(join(root, name), join(dir, name));
  db = await testDatabase({ migrated: false });
  downloads = [];
  mirror = createServer((request, response) => {
    downloads.push(request.url!);
    response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(mirror, 'listening');
});
afterEach(async () => {
  mirror.close();
  await db.drop();
  rmSync(dir, { recursive: true, force: true });
});

/** `npx prisma …`, on a machine where the engine cannot be had; its exit code and what it said. */
async function prisma(...args: string[]): Promise<{ code: number | null; said: string }> {
  const run = await startProcess(process.execPath, [join(root, 'node_modules/prisma/build/index.js'), ...args], {
    cwd: dir,
    env: {
      DATABASE_URL: db.url,
      PRISMA_ENGINES_MIRROR: `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`,
      PRISMA_SCHEMA_ENGINE_BINARY: undefined,
      CHECKPOINT_DISABLE: '1',
      NO_COLOR: '1',
    },
  });
  run.endInput();
  const { code } = await run.exit;
  return { code, said: run.output };
}
const ok = (saying: string) => ({ code: 0, said: expect.stringContaining(saying) as string });
const migrations = (): string[] => readdirSync(join(dir, 'prisma/migrations')).filter((name) => /^\d/.test(name));
const diff = () =>
  prisma(...'migrate diff --from-migrations prisma/migrations --to-schema prisma/schema.prisma --exit-code'.split(' '));
const addModel = (name: string): void => {
  const file = join(dir, 'prisma/schema.prisma');
  writeFileSync(file, `${readFileSync(file, 'utf8')}\nmodel ${name} {\n  id Int @id\n}\n`);
};

test('deploy on an empty database, twice; status is clean; migrations and schema say the same', async () => {
  expect(await prisma('migrate', 'status')).toMatchObject({ code: 1 });
  expect(await prisma('migrate', 'deploy')).toEqual(ok('All migrations have been successfully applied'));
  expect(await prisma('migrate', 'deploy')).toEqual(ok('No pending migrations to apply'));
  expect(await prisma('migrate', 'status')).toEqual(ok('Database schema is up to date'));
  expect((await diff()).code).toBe(0);
  // The comparison can tell a difference.
  addModel('Herb');
  expect((await diff()).code).toBe(2);
  expect(downloads).toEqual([]);
}, 240_000);

test.each(['an empty database', 'a database with all migrations'])(
  'dev makes a migration of what was changed in the schema, on %s, and applies it',
  async (on) => {
    if (on !== 'an empty database') await prisma('migrate', 'deploy');
    const before = migrations();
    addModel('Herb');
    expect(await prisma('migrate', 'dev', '--create-only', '--name', 'herbs')).toEqual(ok('without applying it'));
    const [made, ...others] = migrations().filter((name) => !before.includes(name));
    expect(made).toMatch(/^\d+_herbs$/);
    expect(others).toEqual([]);
    expect(readFileSync(join(dir, 'prisma/migrations', made!, 'migration.sql'), 'utf8')).toMatch(
      /^-- CreateTable\nCREATE TABLE "Herb"/,
    );
    expect((await diff()).code).toBe(0);
    const tables = () => db.query(`select 1 from pg_tables where tablename = 'Herb'`);
    expect(await tables()).toEqual([]);

    expect(await prisma('migrate', 'dev')).toEqual(ok('in sync'));
    expect(await tables()).toHaveLength(1);
    expect(await prisma('migrate', 'status')).toEqual(ok('Database schema is up to date'));
    // No shadow database stays behind.
    expect(await db.query(`select datname from pg_database where datname like 'prisma_migrate_shadow_db_%'`)).toEqual(
      [],
    );
    expect(downloads).toEqual([]);
  },
  240_000,
);
