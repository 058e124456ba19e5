import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { eventually, startProcess, startTypeScript, testDatabase, type TestProcess } from '@lovage/testing';

const hooks = new URL('../../ts-hooks.mjs', import.meta.url).href;
const script = fileURLToPath(new URL('../testing/launch-stand-ins.ts', import.meta.url));
const running = new Set<TestProcess>();
let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'lovage-launcher-'));
});
afterEach(async () => {
  for (const one of running) await one.stop();
  running.clear();
  rmSync(dataDir, { recursive: true, force: true });
});

async function launch(env: Record<string, string | undefined> = {}, args: string[] = []): Promise<TestProcess> {
  const clean = { DATABASE_URL: undefined, BROKER_URL: undefined, NODE_ENV: undefined, HOST: undefined };
  const one = await startTypeScript(script, args, { env: { ...clean, DATA_DIR: dataDir, PORT: '0', ...env } });
  running.add(one);
  return one;
}
/** Runs beside a database of the test run, which is quicker than an embedded one each. */
const launchOn = (db: { url: string }, env: Record<string, string> = {}, args: string[] = []) =>
  launch({ DATABASE_URL: db.url, ...env }, args);
const READY = { timeoutMs: 30_000 };
const pidsOf = (one: TestProcess, name: string): number[] =>
  one.lines.flatMap((line) => (line.startsWith(name) && / pid (\d+)/.exec(line)?.[1]) || []).map(Number);
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

test('from nothing: embedded database, migrations, three children, one banner; Ctrl-C ends all; the next start finds the data', async () => {
  const first = await launch();
  await first.line('Lovage is ready', READY);
  const env = JSON.parse(/env (\{.*?\}) args/.exec(await first.line(/^gateway .*env/))![1]!) as Record<string, string>;
  const client = new pg.Client({ connectionString: env['db'] });
  await client.connect();
  expect((await client.query('select count(*)::int as n from _prisma_migrations')).rows[0].n).toBeGreaterThan(0);
  expect((await client.query('select current_database() as name')).rows[0].name).toBe('lovage');
  expect(readFileSync(join(dataDir, 'database-url'), 'utf8').trim()).toBe(env['db']);
  expect(first.output).toContain(`psql "$(cat ${join(dataDir, 'database-url')})"`);
  await client.query(
    `insert into users (id, email, role, password_hash) values (gen_random_uuid(), 'a@b.c', 'admin', 'x')`,
  );
  await client.end();
  expect(first.output).toContain(env['admin']);
  expect(first.output).toContain(`http://127.0.0.1:${env['port']}/docs`);
  const pids = ['gateway', 'worker', 'beat'].flatMap((name) => pidsOf(first, name));
  expect(pids).toHaveLength(3);
  expect(await first.line(/^worker .*env/)).not.toContain('"jwt"');

  // As a terminal with npm in between does it: twice, to the whole group.
  first.signalGroup('SIGINT');
  first.signalGroup('SIGINT');
  expect(await first.exit).toEqual({ code: 0, signal: null });
  for (const pid of pids) expect(alive(pid)).toBe(false);
  expect(first.output.match(/ending/g)).toHaveLength(3);

  const second = await launch();
  await second.line('Lovage is ready', READY);
  const next = JSON.parse(/env (\{.*?\}) args/.exec(await second.line(/^gateway .*env/))![1]!) as Record<
    string,
    string
  >;
  expect(next['db']).toBe(env['db']);
  expect(next['jwt']).toBe(env['jwt']);
  const banner = second.lines.slice(second.lines.findIndex((line) => line.includes('Lovage is ready')));
  expect(banner.join()).not.toContain(env['admin']);
  const again = new pg.Client({ connectionString: next['db'] });
  await again.connect();
  expect((await again.query('select email from users')).rows).toEqual([{ email: 'a@b.c' }]);
  await again.end();
  second.signal('SIGTERM');
  expect(await second.exit).toEqual({ code: 0, signal: null });
  await expect(new pg.Client({ connectionString: next['db'] }).connect()).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
}, 60_000);

test('a child that dies is started again within 2 s, and once more', async () => {
  await using db = await testDatabase({ migrated: false });
  const one = await launchOn(db, {}, ['-c', '3']);
  await one.line('Lovage is ready', READY);
  for (let deaths = 1; deaths <= 2; deaths += 1) {
    const before = performance.now();
    process.kill(pidsOf(one, 'worker').at(-1)!, 'SIGKILL');
    await eventually(() => pidsOf(one, 'worker').length === deaths + 1);
    expect(performance.now() - before).toBeLessThan(2000);
  }
  expect(one.lines.filter((line) => line.startsWith('worker') && line.endsWith('args -c 3'))).toHaveLength(3);
  expect(pidsOf(one, 'gateway')).toHaveLength(1);
}, 30_000);

test.each([2, 3, 4])('a child that ends with code %i at its first start ends the launcher so', async (code) => {
  await using db = await testDatabase();
  const one = await launchOn(db, { STAND_IN_GATEWAY: `exit${code}` });
  expect(await one.exit).toEqual({ code, signal: null });
  expect(one.output).toContain('It said:\nthis is why');
  expect(one.output).toContain(`gateway ended with exit code ${code} before it was ready`);
  for (const name of ['worker', 'beat']) for (const pid of pidsOf(one, name)) expect(alive(pid)).toBe(false);
});

test('a child that will not end is killed, within ten seconds in all', async () => {
  await using db = await testDatabase();
  const one = await launchOn(db, { STAND_IN_WORKER: 'stubborn' });
  await one.line('Lovage is ready', READY);
  const before = performance.now();
  one.signal('SIGTERM');
  expect(await one.exit).toEqual({ code: 0, signal: null });
  expect(performance.now() - before).toBeLessThan(10_000);
  expect(alive(pidsOf(one, 'worker')[0]!)).toBe(false);
}, 30_000);

test('a worker whose tasks have a longer grace is waited for', async () => {
  await using db = await testDatabase();
  const one = await launchOn(db, { STAND_IN_WORKER: 'slow', WORKER_SHUTDOWN_GRACE: '10s' });
  await one.line('Lovage is ready', READY);
  one.signal('SIGTERM');
  expect(await one.exit).toEqual({ code: 0, signal: null });
  expect(one.lines.filter((line) => /^worker +.*ended$/.test(line))).toHaveLength(1);
}, 30_000);

test('a second Ctrl-C does not wait for it', async () => {
  await using db = await testDatabase();
  const one = await launchOn(db, { STAND_IN_WORKER: 'stubborn' });
  await one.line('Lovage is ready', READY);
  one.signal('SIGINT');
  await one.line('not listening');
  const asked = performance.now();
  await eventually(() => {
    one.signal('SIGINT');
    return !one.running;
  });
  expect(performance.now() - asked).toBeLessThan(4000);
  expect(await one.exit).toEqual({ code: 0, signal: null });
});

test('when the launcher is killed, its children end, also one whose event loop is held, and what that started', async () => {
  const one = await launch({ STAND_IN_WORKER: 'busy' });
  await one.line('Lovage is ready', READY);
  const postmaster = Number(readFileSync(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0]);
  const grandchild = Number(/grandchild (\d+)/.exec(one.output)![1]);
  const pids = [...['gateway', 'worker', 'beat'].flatMap((name) => pidsOf(one, name)), grandchild, postmaster];
  for (const pid of pids) expect(alive(pid)).toBe(true);
  one.signal('SIGKILL');
  await eventually(() => pids.every((pid) => !alive(pid)), { timeoutMs: 60_000 });
}, 40_000);

test('when the process that started it ends, as npm does at a kill, it stops all', async () => {
  await using db = await testDatabase();
  const env = { ...process.env, DATA_DIR: dataDir, DATABASE_URL: db.url, PORT: '0', npm_lifecycle_event: 'start' };
  const args = ['--conditions=@lovage/source', '--import', hooks, script];
  const npm = await startProcess(
    process.execPath,
    [
      '--eval',
      `require('node:child_process').spawn(process.execPath, ${JSON.stringify(args)}, { stdio: 'inherit' }); setInterval(() => 0, 1000);`,
    ],
    { env },
  );
  running.add(npm);
  await npm.line('Lovage is ready', READY);
  const pids = ['gateway', 'worker', 'beat'].flatMap((name) => pidsOf(npm, name));
  expect(pids.map(alive)).toEqual([true, true, true]);
  npm.signal('SIGKILL');
  await npm.line('stopping');
  await eventually(() => !pids.some(alive));
}, 90_000);

test('a port in use: one line, exit 4, nothing started', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  const one = await launch({ PORT: String(port) });
  expect(await one.exit).toEqual({ code: 4, signal: null });
  squatter.close();
  expect(one.lines).toEqual([`lovage: port ${port} on 127.0.0.1 is in use: stop what uses it, or set PORT to another`]);
});

test('a wrong setting: one line, exit 2', async () => {
  const one = await launch({ PORT: 'http' });
  expect(await one.exit).toEqual({ code: 2, signal: null });
  expect(one.lines).toEqual(['lovage: PORT is "http"; it should be a whole number from 0 to 65535']);
});

test('a named server that refuses the login is told at once, exit 3, without the password', async () => {
  await using db = await testDatabase({ migrated: false });
  const url = new URL(db.url);
  url.username = 'no_such_user';
  url.password = 'hunter2';
  const one = await launch({ DATABASE_URL: url.toString() });
  expect(await one.exit).toEqual({ code: 3, signal: null });
  expect(one.lines).toHaveLength(1);
  expect(one.output).toContain('no_such_user');
  expect(one.output).not.toContain('hunter2');
});

test('a stop during the start leaves nothing', async () => {
  const one = await launch();
  await eventually(() => {
    readFileSync(join(dataDir, 'postgres/password'));
    return true;
  });
  one.signal('SIGINT');
  expect(await one.exit).toEqual({ code: 0, signal: null });
  expect(() => readFileSync(join(dataDir, 'postgres/cluster/postmaster.pid'))).toThrow(/ENOENT/);
}, 30_000);
