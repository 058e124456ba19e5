// Runs the files of the kept build (start-build.mjs), and keeps beside them what V8 has compiled of them, so that the next
// start compiles nothing. Node.js 20 takes compiled code for classic scripts alone, so the build is CommonJS.
import { Buffer, isAscii } from 'node:buffer';
import { subscribe } from 'node:diagnostics_channel';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, SourceMap } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** Of the build: where this file lies. */
const root = import.meta.dirname;
const outer = createRequire(import.meta.url);
/** @type {Map<string, { exports: any }>} */
const modules = new Map();
/** What is compiled here and not kept yet. @type {{ kept: string, script: Script, tag: number }[]} */
let compiled = [];
/** The first entry: each program runs another part of the files that it shares with others. @type {string | undefined} */
let program;

/**
 * The exports of a file of the build, which is run when it is first asked for.
 * @param {string} file
 */
export function load(file) {
  const known = modules.get(file);
  if (known) return known.exports;
  program ??= relative(root, file).replaceAll(/[\\/]/g, '-');
  const module = { exports: {} };
  modules.set(file, module);
  const run = compile(file).runInThisContext();
  const require = Object.assign((/** @type {string} */ id) => loadFrom(file, id), {
    resolve: outer.resolve,
    main: outer.main,
    cache: outer.cache,
  });
  try {
    run(module.exports, require, module, file, dirname(file), importFor);
  } catch (error) {
    modules.delete(file);
    throw error;
  }
  return module.exports;
}

/**
 * @param {string} from
 * @param {string} id
 */
function loadFrom(from, id) {
  if (!id.startsWith('.')) return outer(id);
  const file = resolve(dirname(from), id);
  return modules.has(file) || existsSync(file) ? load(file) : outer(id);
}

/**
 * For the build: Node.js 20 imports nothing for code that was compiled before.
 * @param {string} id
 */
function importFor(id) {
  return import(id);
}

/** @param {string} file */
function compile(file) {
  const kept = join(
    root,
    'compiled',
    /** @type {string} */ (program),
    `${relative(root, file).replaceAll(/[\\/]/g, '-')}.bin`,
  );
  const cachedData = readKept(kept);
  const tag = cachedDataVersionTag();
  const script = new Script(readText(file), { filename: file, cachedData });
  // V8 refuses what other flags, another version or another processor has made.
  if (cachedData === undefined || script.cachedDataRejected) compiled.push({ kept, script, tag });
  return script;
}

/**
 * A text of one byte a character, where it can be: V8 holds it for as long as the process runs.
 * @param {string} file
 */
function readText(file) {
  const bytes = readFileSync(file);
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

/** @param {string} file */
function readKept(file) {
  let bytes;
  try {
    bytes = readFileSync(file);
  } catch {
    return undefined;
  }
  // V8 itself does not look whether it is whole.
  if (bytes.length < 5 || bytes.readUInt32LE() !== crc32(bytes.subarray(4))) return undefined;
  return bytes.subarray(4);
}

/** @param {string} file */
function removeIfThere(file) {
  try {
    rmSync(file, { force: true });
  } catch {
    // Where nothing can be written, nothing is there.
  }
}

/** Once the process serves, so with all that a start compiles. */
function keep() {
  const todo = compiled;
  compiled = [];
  for (const { kept, script, tag } of todo) {
    // The flags have changed since: it would be refused.
    if (tag !== cachedDataVersionTag()) continue;
    const data = script.createCachedData();
    const head = Buffer.alloc(4);
    head.writeUInt32LE(crc32(data));
    const temporary = `${kept}.${process.pid}.tmp`;
    try {
      mkdirSync(dirname(kept), { recursive: true });
      writeFileSync(temporary, Buffer.concat([head, data]));
      renameSync(temporary, kept);
    } catch {
      // No room, or another user's build: the next start compiles as well.
      removeIfThere(temporary);
      return;
    }
  }
}
subscribe('lovage.ready', keep);

/** By file; null: it has none. @type {Map<string, SourceMap | null>} */
const maps = new Map();

/** @param {string | null | undefined} file */
function mapOf(file) {
  if (!file || !modules.has(file)) return undefined;
  let map = maps.get(file);
  if (map === undefined) {
    try {
      map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
    } catch {
      map = null;
    }
    maps.set(file, map);
  }
  return map ?? undefined;
}

/**
 * The place of a frame in the sources, as Node.js finds it for what it loads itself; but a map is read only once it is needed.
 * @param {NodeJS.CallSite} site
 */
function describe(site) {
  const text = String(site);
  const [file, line, column] = [site.getFileName(), site.getLineNumber(), site.getColumnNumber()];
  const map = mapOf(file);
  if (!map || !line || !column) return text;
  const found = map.findEntry(line - 1, column - 1);
  if (!('originalSource' in found) || !found.originalSource) return text;
  const source = fileURLToPath(new URL(found.originalSource, pathToFileURL(/** @type {string} */ (file))));
  return text.replace(
    `${file}:${line}:${column}`,
    () => `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`,
  );
}

Error.prepareStackTrace = (error, sites) => {
  let head;
  try {
    head = Error.prototype.toString.call(error);
  } catch {
    head = 'Error';
  }
  return [head, ...sites.map((site) => `    at ${describe(site)}`)].join('\n');
};
