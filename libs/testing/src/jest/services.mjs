// What a test run shares: whether RabbitMQ answers, asked once before the tests; and what is made when the first test asks
// for it, so that runs without such tests do not pay for it: a PostgreSQL server, and a build of the programs that tests start.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const DEFAULT_AMQP_URL = 'amqp://guest:guest@127.0.0.1:5672';
/** The last of the databases that a Redis has unless told otherwise: nobody keeps anything there. */
export const DEFAULT_REDIS_URL = 'redis://127.0.0.1:6379/15';

const repository = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/[\\/]$/, '');

/**
 * Memory as a file system, on Linux. Tests make and delete files all the time, most of them of databases: on a disk of the kind ext4 the search
 * for free inodes took a twelfth of the CPU of all tests.
 */
const MEMORY = '/dev/shm';
const FOLDER = 'lovage-tests-';
const ENOUGH_BYTES = 4 * 1024 ** 3;

/** The folder for temporary files of this run, in memory; undefined: the machine has none to spare, or `TMPDIR` names one. */
function makeTemporaryFolder() {
  if (process.env.TMPDIR) return undefined;
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    if (bavail * bsize < ENOUGH_BYTES) return undefined;
    for (const name of readdirSync(MEMORY))
      if (name.startsWith(FOLDER) && !isRunning(Number(name.slice(FOLDER.length))))
        rmSync(join(MEMORY, name), { recursive: true, force: true });
    const folder = join(MEMORY, `${FOLDER}${process.pid}`);
    mkdirSync(folder);
    // PostgreSQL runs as another user than root, and has to pass.
    chmodSync(folder, 0o711);
    return folder;
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH';
  }
}

/** One for the process: several projects may share a run. */
class Services {
  /** @type {Promise<string> | undefined} */
  #url;
  /** @type {Promise<string> | undefined} */
  #build;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #cluster;
  #secret = randomUUID();
  #temporary = makeTemporaryFolder();
  #server = createServer((request, response) => {
    const wanted = this.#make(request.url);
    if (!wanted) return void response.writeHead(404).end();
    wanted.then(
      (made) => response.end(made),
      (error) => response.writeHead(500).end(String(error?.message ?? error)),
    );
  });

  /** @param {string | undefined} path */
  #make(path) {
    if (path === `/${this.#secret}`) return (this.#url ??= this.#startCluster());
    if (path === `/${this.#secret}/build`) return (this.#build ??= buildPrograms());
    return undefined;
  }

  prepareBuild() {
    this.#build ??= buildPrograms();
    // Each caller that awaits it is told.
    this.#build.catch(() => undefined);
  }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve(undefined)));
    this.#server.unref();
    const address = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    if (this.#temporary) process.env.TMPDIR = this.#temporary;
    process.env.LOVAGE_TEST_SERVICES = `http://127.0.0.1:${address.port}/${this.#secret}`;
    process.env.LOVAGE_TEST_AMQP = (await answers(process.env.TEST_AMQP_URL || DEFAULT_AMQP_URL)) ? 'up' : 'down';
    process.env.LOVAGE_TEST_REDIS = (await pongs(process.env.TEST_REDIS_URL || DEFAULT_REDIS_URL)) ? 'up' : 'down';
  }

  async stop() {
    this.#server.close();
    await this.#stopCluster();
    if (this.#temporary) rmSync(this.#temporary, { recursive: true, force: true });
  }

  async #stopCluster() {
    const cluster = this.#cluster;
    if (!cluster || cluster.exitCode !== null || cluster.signalCode !== null) return;
    const ended = new Promise((resolve) => cluster.once('exit', resolve));
    cluster.stdin?.end();
    await ended;
  }

  /** @returns {Promise<string>} */
  #startCluster() {
    return new Promise((resolve, reject) => {
      const main = fileURLToPath(new URL('../cluster/main.ts', import.meta.url));
      const hooks = new URL('../../../../tools/ts-hooks.mjs', import.meta.url).href;
      const env = { ...process.env };
      delete env.NODE_OPTIONS;
      const cluster = spawn(process.execPath, ['--conditions=@lovage/source', '--import', hooks, main], {
        env,
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      });
      this.#cluster = cluster;
      let complaint = '';
      cluster.stderr.on('data', (chunk) => (complaint += chunk));
      cluster.once('error', reject);
      cluster.once('exit', (code) => reject(new Error(`no PostgreSQL for the tests (exit ${code}): ${complaint}`)));
      createInterface({ input: cluster.stdout }).once('line', resolve);
    });
  }
}

/** The directory of the build; empty: programs are to be run from their sources. */
async function buildPrograms() {
  const { testBuild } = await import(new URL('../../../../tools/start-build.mjs', import.meta.url).href);
  return (await testBuild(repository, (/** @type {string} */ text) => console.warn(text))) ?? '';
}

/**
 * Whether an AMQP 0-9-1 broker answers there: it greets a client that sends the protocol header. A port that is open is not
 * yet a broker.
 * @param {string} url
 * @returns {Promise<boolean>}
 */
export function answers(url) {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'amqps:';
  const at = { host: hostname, port: Number(port || (secure ? 5671 : 5672)), timeout: 3000 };
  const METHOD_FRAME = 1;
  return new Promise((resolve) => {
    const socket = secure ? connectTls({ ...at, servername: hostname }) : connect(at);
    const end = (/** @type {boolean} */ up) => {
      socket.destroy();
      resolve(up);
    };
    socket.on(secure ? 'secureConnect' : 'connect', () => socket.write(Buffer.from('AMQP\0\0\x09\x01', 'latin1')));
    socket.on('data', (chunk) => end(chunk[0] === METHOD_FRAME));
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}

/**
 * Whether a Redis answers there, whatever it says: it may ask for a password first.
 * @param {string} url
 * @returns {Promise<boolean>}
 */
export function pongs(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 6379), timeout: 3000 });
    const end = (/** @type {boolean} */ up) => {
      socket.destroy();
      resolve(up);
    };
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', (chunk) => end(/^[+-]/.test(String(chunk))));
    socket.on('timeout', () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
}

/** @type {{ __lovageTestServices?: { services: Promise<Services>, users: number } }} */
const shared = /** @type {any} */ (globalThis);

/** @param {import('@jest/types').Config.GlobalConfig} config */
export async function startServices(config) {
  shared.__lovageTestServices ??= {
    services: (async () => {
      const services = new Services();
      await services.start();
      // A run of everything will ask for it: in the time of the first spec files, not in that of one test.
      if (config.rootDir === repository && config.testPathPatterns.patterns.length === 0) services.prepareBuild();
      return services;
    })(),
    users: 0,
  };
  shared.__lovageTestServices.users += 1;
  await shared.__lovageTestServices.services;
}

export async function stopServices() {
  const held = shared.__lovageTestServices;
  if (!held) return;
  held.users -= 1;
  if (held.users > 0) return;
  delete shared.__lovageTestServices;
  await (await held.services).stop();
}
