// The build of the dashboard that `npm start` and tests keep in `.cache/dashboard`: made when one of its sources, the lock file
// or Node.js has changed. Plain JavaScript: `npm start` may run it beside a bundled launcher.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { constants, setPriority } from 'node:os';
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of how the build is made. */
const VERSION = 'v1';
/** Builds that are kept: a page that is open still loads files of its own. */
const KEEP = 3;
/** The names of builds and of those under way: whatever else lies beside them belongs to somebody else. */
const A_BUILD = /^[0-9a-f]{20}(?:\.\d+\.tmp)?$/;
/** Whose sources go into it. */
const SOURCES = ['apps/dashboard', 'libs/foundation', 'libs/http-api', 'libs/task'];
const NOT_SOURCES = /(?:^|\/)(?:dist|node_modules)(?:\/|$)|\.spec\.tsx?$|\.md$/;

/**
 * Where the build of what `root` holds now is, or will be once {@link makeDashboard} has made it.
 * @param {string} root
 */
export function dashboardFolder(root) {
  const hash = createHash('sha1').update([VERSION, process.version].join('\0'));
  /** @param {string} file */
  const add = (file) => {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  };
  /** @param {string} folder */
  const walk = (folder) => {
    for (const one of readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = `${folder}/${one.name}`;
      if (NOT_SOURCES.test(path)) continue;
      if (one.isDirectory()) walk(path);
      else if (one.isFile()) add(path);
    }
  };
  add('package-lock.json');
  for (const folder of SOURCES) walk(folder);
  return join(root, '.cache/dashboard', hash.digest('hex').slice(0, 20));
}

/**
 * Makes the build of `root` in `folder`, if it is not there: a few seconds of half a core, at a low priority.
 * @param {string} root
 * @param {string} folder As `dashboardFolder` says.
 * @param {AbortSignal} [signal] Ends it in the middle.
 * @returns {Promise<string | undefined>} What went wrong; undefined: it is there.
 */
export async function makeDashboard(root, folder, signal) {
  if (existsSync(join(folder, 'index.html'))) {
    touch(folder);
    return undefined;
  }
  const temporary = `${folder}.${process.pid}.tmp`;
  try {
    // Found from where it is a dependency; not there: npm left out what is only for development.
    const vite = join(
      dirname(createRequire(join(root, 'apps/dashboard/package.json')).resolve('vite/package.json')),
      'bin/vite.js',
    );
    // Two suites may make it at once, each in a folder of its own; the first one there is kept.
    const args = [vite, 'build', '--outDir', temporary, '--logLevel', 'warn'];
    const maker = spawn(process.execPath, args, {
      cwd: join(root, 'apps/dashboard'),
      stdio: ['ignore', 'pipe', 'pipe'],
      // Whatever runs it, such as a test: what is built is what people get.
      env: { ...process.env, NODE_ENV: 'production' },
      signal,
    });
    // What people use comes first.
    if (maker.pid !== undefined) setPriority(maker.pid, constants.priority.PRIORITY_LOW);
    let said = '';
    for (const stream of [maker.stdout, maker.stderr]) stream.on('data', (chunk) => (said += chunk));
    const [code] = await once(maker, 'close');
    if (code !== 0) return said.trim() || `vite ended with code ${code}`;
    try {
      renameSync(temporary, folder);
    } catch (error) {
      // Another start made the same one meanwhile.
      if (!existsSync(folder)) throw error;
    }
    removeOld(join(root, '.cache/dashboard'), folder);
    return undefined;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** @param {string} folder */
function touch(folder) {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch {
    // Made by another user: it is as good.
  }
}

/**
 * @param {string} cache
 * @param {string} folder
 */
function removeOld(cache, folder) {
  const others = readdirSync(cache)
    .filter((name) => A_BUILD.test(name))
    .map((name) => join(cache, name))
    // Another start may be filling a temporary one; those of starts that were killed go after an hour.
    .filter((one) => one !== folder && (!one.endsWith('.tmp') || Date.now() - statSync(one).mtimeMs > 3_600_000))
    .map((one) => ({ one, at: statSync(one).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { one } of others.slice(KEEP - 1)) rmSync(one, { recursive: true, force: true });
}

async function byHand() {
  const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[\\/]$/, '');
  const folder = dashboardFolder(root);
  const wrong = await makeDashboard(root, folder);
  if (wrong === undefined) process.stdout.write(`${folder}\n`);
  else process.stderr.write(`${wrong}\n`);
  process.exitCode = wrong === undefined ? 0 : 1;
}

// By hand, and by tests: prints where it is. Not awaited: the kept build of the launcher, which has this too, is CommonJS.
if (process.argv[1] === fileURLToPath(import.meta.url)) void byHand();
