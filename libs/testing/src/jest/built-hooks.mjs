// `--import` it with `?build=DIRECTORY`: what the test run has built of the sources is run in their place. For processes that
// import programs by URL, such as the children of a pool.
import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const AS_HOOKS = '&hooks';
if (!import.meta.url.endsWith(AS_HOOKS)) register(import.meta.url + AS_HOOKS);

const sources = new URL('../../../../', import.meta.url).href;
const build = pathToFileURL(`${new URL(import.meta.url).searchParams.get('build')}/`).href;

/** @type {import('node:module').ResolveHook} */
export function resolve(specifier, context, next) {
  if (specifier.startsWith(sources) && specifier.endsWith('.ts')) {
    const url = build + specifier.slice(sources.length, -'.ts'.length) + '.js';
    if (existsSync(fileURLToPath(url))) return { url, shortCircuit: true };
  }
  return next(specifier, context);
}
