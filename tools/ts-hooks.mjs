// Dev-only: `node --import ./tools/ts-hooks.mjs`. Runs .ts with decorators through @swc/core, with a cache on disk.
import { register } from 'node:module';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Each thread that runs our code registers for itself; the one that runs the hooks loads this file under the other name.
const AS_HOOKS = '?hooks';
if (!import.meta.url.endsWith(AS_HOOKS) && !globalThis.__tsHooks) {
  globalThis.__tsHooks = true;
  process.setSourceMapsEnabled(true);
  register(import.meta.url + AS_HOOKS);
}

const cacheDir = fileURLToPath(new URL('../.cache/swc/', import.meta.url));
const VERSION = 'v1';
let swc;
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !/\.m?ts$/.test(url)) return next(url, context);
  const file = fileURLToPath(url);
  const code = readFileSync(file, 'utf8');
  const key = createHash('sha1')
    .update(VERSION + file + '\0' + code)
    .digest('hex');
  const cached = cacheDir + key + '.mjs';
  if (existsSync(cached)) return { format: 'module', source: readFileSync(cached, 'utf8'), shortCircuit: true };
  swc ??= await import('@swc/core');
  const out = swc.transformSync(code, {
    filename: file,
    swcrc: false,
    configFile: false,
    sourceMaps: 'inline',
    module: { type: 'es6' },
    jsc: {
      target: 'es2023',
      keepClassNames: true,
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
  });
  try {
    mkdirSync(cacheDir, { recursive: true });
    const tmp = `${cached}.${process.pid}.tmp`;
    writeFileSync(tmp, out.code);
    renameSync(tmp, cached);
  } catch {
    // A checkout that this user may not write to: compiled again next time.
  }
  return { format: 'module', source: out.code, shortCircuit: true };
}
