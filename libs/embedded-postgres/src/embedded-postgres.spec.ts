import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { findAccount, underAccount } from './account.ts';
import { findBinaries } from './binaries.ts';
import { EmbeddedPostgres } from './embedded-postgres.ts';
import { processKind, waitForEnd } from './process-table.ts';
import { runElsewhere } from './testing/run-elsewhere.ts';

const asRoot = process.getuid?.() === 0;
const cleanups: (() => unknown)[] = [];
let dataDir: string;

beforeEach(() => {
  // Mode 0700, as mkdtemp makes it: with root's rights, the server's user cannot enter it without help.
  const base = mkdtempSync(join(tmpdir(), 'lovage-embedded-'));
  dataDir = join(base, 'data');
  cleanups.push(() => rmSync(base, { recursive: true, force: true }));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const server = (options: { dir?: string; port?: number } = {}): EmbeddedPostgres => {
  const made = new EmbeddedPostgres({
    dataDir: options.dir ?? dataDir,
    port: options.port,
    settings: { fsync: 'off' },
  });
  cleanups.push(() => made.stop());
  return made;
};
const elsewhere = async (dir = dataDir, user = {}) => {
  const other = await runElsewhere(dir, user);
  cleanups.push(() => other.kill());
  return other;
};
const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};
const postmasterPid = (dir = dataDir): number =>
  Number(readFileSync(join(dir, 'cluster/postmaster.pid'), 'utf8').split('\n')[0]);
/** The shell that ends this server when its parent is killed. */
const guardOf = (postmaster: number): number | undefined =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .find((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return words.includes('INT') && words.includes(String(postmaster));
      } catch {
        return false;
      }
    });

test('makes a cluster that only its password opens, and keeps port and data over a restart', async () => {
  const first = server();
  const { url } = await first.start();
  await query(url, 'create table kept as select 42 as n');
  expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  expect(await query(url, 'show unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
  const guess = new URL(url);
  guess.password = 'guess';
  await expect(query(guess.toString(), 'select 1')).rejects.toMatchObject({ code: '28P01' });
  expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600);
  const pid = postmasterPid();
  await first.stop();
  expect(processKind(pid)).toBe('gone');

  const again = await server().start();
  expect(again.url).toBe(url);
  expect(await query(url, 'select n from kept')).toEqual([{ n: 42 }]);
});

test('is durable unless told otherwise', async () => {
  const durable = new EmbeddedPostgres({ dataDir });
  cleanups.push(() => durable.stop());
  const { url } = await durable.start();
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
    expect(await query(url, `show ${name}`)).toEqual([{ [name]: 'on' }]);
});

test('start and stop may be called in any order and number', async () => {
  const one = server();
  await one.stop();
  const [a, b] = await Promise.all([one.start(), one.start()]);
  expect(a).toBe(b);
  await Promise.all([one.stop(), one.stop()]);
  await one.start();
  const stopping = one.stop();
  await stopping;
  const starting = one.start();
  await one.stop();
  await starting;
  expect(existsSync(join(dataDir, 'cluster/postmaster.pid'))).toBe(false);
});

test('createDatabase makes it once', async () => {
  const one = server();
  await expect(one.createDatabase('app')).rejects.toMatchObject({ code: 'embedded_postgres_not_started' });
  await one.start();
  const [a, b] = await Promise.all([one.createDatabase('a "b"'), one.createDatabase('a "b"')]);
  expect(a).toEqual(b);
  expect(await query(a.url, 'select current_database() as name')).toEqual([{ name: 'a "b"' }]);
});

test('a port asked for and taken is an error; a remembered one that is taken gives way', async () => {
  const first = server();
  const { url } = await first.start();
  await first.stop();
  const squatter = createServer().listen(Number(new URL(url).port), '127.0.0.1');
  cleanups.push(() => squatter.close());
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  await expect(server({ port }).start()).rejects.toMatchObject({ code: 'embedded_postgres_port_taken' });
  const { url: moved } = await server().start();
  expect(new URL(moved).port).not.toBe(String(port));
  expect(await query(moved, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('another living process’s server is left alone, and can be joined', async () => {
  const other = await elsewhere();
  await expect(server().start()).rejects.toMatchObject({
    code: 'embedded_postgres_in_use',
    message: expect.stringContaining(`pid ${other.pid}`) as string,
  });
  expect(EmbeddedPostgres.find(dataDir)).toEqual({ url: other.said });
  expect(await query(other.said, 'select 1 as one')).toEqual([{ one: 1 }]);
});

(process.platform === 'linux' ? test : test.skip)(
  'a server that answers nobody still belongs to the process that runs it',
  async () => {
    const other = await elsewhere();
    process.kill(postmasterPid(), 'SIGSTOP');
    cleanups.push(() => process.kill(postmasterPid(), 'SIGCONT'));
    await expect(server().start()).rejects.toMatchObject({ code: 'embedded_postgres_in_use' });
    process.kill(postmasterPid(), 'SIGCONT');
    expect(await query(other.said, 'select 1 as one')).toEqual([{ one: 1 }]);
  },
);

test('find tells nothing where nothing runs', async () => {
  expect(EmbeddedPostgres.find(dataDir)).toBeUndefined();
  const one = server();
  await one.start();
  await one.stop();
  expect(EmbeddedPostgres.find(dataDir)).toBeUndefined();
});

test('of 20 that start at once on a new directory, beside busy loops, one gets it', async () => {
  const busy = Array.from({ length: 4 }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  cleanups.push(() => busy.forEach((one) => one.kill('SIGKILL')));
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => elsewhere()));
  const said = outcomes.map((other) => other.said).sort();
  expect(said.slice(0, 19)).toEqual(Array<string>(19).fill('embedded_postgres_in_use'));
  expect(await query(said[19]!, 'select 1 as one')).toEqual([{ one: 1 }]);
}, 120_000);

test('the server goes with a parent killed by SIGKILL, and its data is there for the next', async () => {
  const other = await elsewhere();
  await query(other.said, 'create table kept as select 42 as n');
  const pid = postmasterPid();
  await other.kill();
  const { url } = await server().start();
  expect(url).toBe(other.said);
  expect(await waitForEnd(pid, 0)).toBe(true);
  expect(await query(url, 'select n from kept')).toEqual([{ n: 42 }]);
});

(process.platform === 'linux' ? test : test.skip)(
  'a server left behind, still running, is ended and started anew',
  async () => {
    const other = await elsewhere();
    await query(other.said, 'create table kept as select 42 as n');
    const orphan = postmasterPid();
    const guard = guardOf(orphan);
    process.kill(guard!, 'SIGKILL');
    await waitForEnd(guard!, 2000);
    await other.kill();
    expect(processKind(orphan)).toBe('postgres');
    const { url } = await server().start();
    expect(postmasterPid()).not.toBe(orphan);
    expect(await query(url, 'select n from kept')).toEqual([{ n: 42 }]);
  },
);

test('a server killed by SIGKILL, reaped or not, leaves no lock that matters', async () => {
  const other = await elsewhere();
  await query(other.said, 'create table kept as select 42 as n');
  const dead = postmasterPid();
  process.kill(dead, 'SIGKILL');
  await other.kill();
  expect(existsSync(join(dataDir, 'cluster/postmaster.pid'))).toBe(true);
  const { url } = await server().start();
  expect(await query(url, 'select n from kept')).toEqual([{ n: 42 }]);
});

test('a lock file whose number another program has by now does not stop it', async () => {
  const one = server();
  await one.start();
  const lock = readFileSync(join(dataDir, 'cluster/postmaster.pid'), 'utf8');
  await one.stop();
  const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
  cleanups.push(() => stranger.kill('SIGKILL'));
  writeFileSync(join(dataDir, 'cluster/postmaster.pid'), lock.replace(/^\d+/, String(stranger.pid)));
  const owner = statSync(join(dataDir, 'cluster'));
  chownSync(join(dataDir, 'cluster/postmaster.pid'), owner.uid, owner.gid);
  await one.start();
  expect(processKind(stranger.pid!)).toBe('other');
});

test('tells when the server ends by itself, and can start it again', async () => {
  const one = server();
  const { url } = await one.start();
  const died = one.died.next();
  process.kill(postmasterPid(), 'SIGKILL');
  expect(await died).toMatchObject({ signal: 'SIGKILL' });
  expect(await one.start()).toEqual({ url });
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a signal to its parent’s whole group does not reach the server', async () => {
  const other = await elsewhere();
  process.kill(-other.pid, 'SIGINT');
  expect(await query(other.said, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(processKind(postmasterPid())).toBe('postgres');
});

test('without its password the directory is refused with a way out', async () => {
  const one = server();
  await one.start();
  await one.stop();
  rmSync(join(dataDir, 'password'));
  await expect(one.start()).rejects.toMatchObject({ code: 'embedded_postgres_password_lost' });
});

test('a setting that the server does not know is told with its own words', async () => {
  const one = new EmbeddedPostgres({ dataDir, settings: { fsync: 'off', no_such_setting: '1' } });
  await expect(one.start()).rejects.toMatchObject({
    code: 'embedded_postgres_start_failed',
    message: expect.stringContaining('no_such_setting') as string,
  });
});

describe('users', () => {
  const nobody = { uid: 65_534, gid: 65_534 };
  const root = asRoot ? test : test.skip;
  // Somebody without rights cannot run a checkout that only root may enter.
  const reads = `fs.accessSync(${JSON.stringify(fileURLToPath(import.meta.url))})`;
  const open =
    asRoot && spawnSync(process.execPath, ['-e', reads], { ...nobody, cwd: '/', stdio: 'ignore' }).status === 0;

  root('root runs it as another user, also in a directory open to all', async () => {
    chmodSync(join(dataDir, '..'), 0o755);
    await server().start();
    expect(statSync(join(dataDir, 'cluster')).uid).not.toBe(0);
    expect(statSync(`/proc/${postmasterPid()}`).uid).toBe(statSync(join(dataDir, 'cluster')).uid);
  });

  root('root’s helper also reaches programs in a directory that is closed to him', () => {
    const closed = join(dataDir, '../closed');
    cpSync(dirname(dirname(findBinaries().postgres)), join(closed, 'native'), { recursive: true });
    chmodSync(closed, 0o700);
    mkdirSync(dataDir);
    const initdb = join(closed, 'native/bin/initdb');
    const account = findAccount({ dir: dataDir, initdb });
    expect(account.prefix).not.toEqual([]);
    const uid = 'process.stdout.write(String(process.getuid()))';
    const [program, args] = underAccount(account, [process.execPath, '-e', `fs.accessSync('${initdb}'); ${uid}`]);
    expect(execFileSync(program, args, { encoding: 'utf8', cwd: '/' })).toBe(String(account.owner!.uid));
  });

  (open ? test : test.skip)(
    'a user without rights runs it as himself; root may take it over later, he may not take root’s',
    async () => {
      chmodSync(join(dataDir, '..'), 0o755);
      const his = join(dataDir, '../his');
      mkdirSync(his);
      chownSync(his, nobody.uid, nobody.gid);
      const other = await elsewhere(his, nobody);
      await query(other.said, 'create table kept as select 42 as n');
      expect(statSync(join(his, 'cluster')).uid).toBe(nobody.uid);
      await other.kill();
      const one = server({ dir: his });
      const { url } = await one.start();
      expect(await query(url, 'select n from kept')).toEqual([{ n: 42 }]);
      await one.stop();

      const roots = server();
      await roots.start();
      await roots.stop();
      const refused = await elsewhere(dataDir, nobody);
      expect(refused.said).toBe('embedded_postgres_data_dir');
    },
  );
});
