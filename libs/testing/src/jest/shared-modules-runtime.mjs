// How spec files get their modules. Packages, so Jest's own, and what the repository's projects consist of come from Node.js itself,
// once for all files of a process; spec files and what is there for them (`testing` folders, this project, e2e, …) from Jest, compiled
// anew for each file: they keep the state of one. Loading packages again for each of 400 files took a third of the time of all tests,
// our own modules 15 % of what was left. Mocks of modules are not to be had; nobody uses them. docs/decisions/0390, 0499.
import { Buffer } from 'node:buffer';
import { createRequire, findSourceMap } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import jestRuntime from 'jest-runtime';
import './shared-hooks.mjs';

const PACKAGES = /[\\/]node_modules[\\/]/;
const repository = fileURLToPath(new URL('../../../../', import.meta.url));
/** What is there for spec files, and may keep the state of one. */
const OF_ONE_FILE = /\.spec\.ts$|[\\/]testing[\\/]|^(?:libs[\\/](?:testing|conformance)|e2e|bench|chaos)[\\/]/;
/** Keeps the state of the file that it runs. */
const ONE_A_FILE = /[\\/]jest-circus[\\/]/;
const require = createRequire(import.meta.url);
// Its declarations leave out what is overridden here.
/** @type {new (...args: any[]) => any} */
const Runtime = /** @type {any} */ (jestRuntime).default ?? jestRuntime;

export default class SharedModulesRuntime extends Runtime {
  /** @param {any[]} args */
  constructor(...args) {
    super(...args);
    const { esmLoader, executor, registries, _resolution: resolution } = this;
    // No context: the process' own realm.
    esmLoader.getContext = () => undefined;
    executor.compile = (/** @type {string} */ source, /** @type {string} */ filename) =>
      vm.compileFunction(source, executor.injectedModuleParameters, {
        filename,
        importModuleDynamically: (specifier, _function, attributes) =>
          executor.dynamicImport(specifier, filename, undefined, attributes),
      });
    // Newer versions of Node.js let Jest link a whole graph at once, past `resolveModule`; this says that they must not.
    resolution.hasDistinctAsyncResolver = () => true;
    const resolveModule = esmLoader.resolveModule.bind(esmLoader);
    esmLoader.resolveModule = async (/** @type {string} */ specifier, /** @type {string} */ from) => {
      const path = resolution.isCoreModule(specifier) ? undefined : await pathOf(specifier, from, resolution);
      if (path !== undefined && isShared(path)) return importShared(path, registries.getActiveEsmRegistry());
      return resolveModule(specifier, from, undefined);
    };
  }

  /**
   * @param {string} from
   * @param {string | undefined} name undefined: `from` itself
   * @param {unknown} options
   * @param {boolean | undefined} actual
   */
  requireModule(from, name, options, actual) {
    const path = name === undefined ? from : this.pathOf(from, name);
    if (path !== undefined && PACKAGES.test(path)) return require(path);
    return super.requireModule(from, name, options, actual);
  }

  /**
   * @param {string} from
   * @param {string} name
   * @returns {string | undefined} undefined: it is one of Node.js
   */
  pathOf(from, name) {
    return this._resolution.isCoreModule(name) ? undefined : this._resolution.resolveCjs(from, name);
  }

  /** Where the lines of a stack trace come from: Jest knows what it has compiled, Node.js the others. */
  getSourceMaps() {
    const maps = super.getSourceMaps();
    return {
      get: (/** @type {string} */ source) => maps.get(source) ?? mapOf(source),
      [Symbol.iterator]: () => maps[Symbol.iterator](),
    };
  }

  /**
   * A module of Jest.
   * @param {string} from
   * @param {string | undefined} name
   */
  requireInternalModule(from, name) {
    const path = name === undefined ? from : createRequire(from).resolve(name);
    if (ONE_A_FILE.test(path)) delete require.cache[path];
    return require(path);
  }
}

/** @type {Map<string, string>} */
const maps = new Map();

/**
 * @param {string} source
 * @returns {string | undefined} the URL of a source map
 */
function mapOf(source) {
  if (!source.startsWith('file:')) return undefined;
  const known = maps.get(source);
  const payload = known === undefined ? findSourceMap(source)?.payload : undefined;
  if (!payload) return known;
  const url = `data:application/json;base64,${Buffer.from(JSON.stringify(payload)).toString('base64')}`;
  maps.set(source, url);
  return url;
}

// Jest takes it by `require`, and its default for the class.
export const __esModule = true;

/**
 * @param {string} specifier
 * @param {string} from
 * @param {any} resolution Jest's
 * @returns {Promise<string | undefined> | string | undefined} undefined: neither a package nor a source
 */
function pathOf(specifier, from, resolution) {
  if (specifier.startsWith('.')) return fileURLToPath(new URL(specifier, pathToFileURL(from)));
  return /^(?:\/|data:|file:|@jest\/globals$)/.test(specifier)
    ? undefined
    : resolution.resolveEsmAsync(from, specifier);
}

/** @param {string} path */
function isShared(path) {
  if (PACKAGES.test(path)) return true;
  return path.endsWith('.ts') && path.startsWith(repository) && !OF_ONE_FILE.test(path.slice(repository.length));
}

/**
 * What Node.js imports, as a module that Jest's may import from.
 * @param {string} path
 * @param {Map<string, vm.Module>} registry of the file
 */
async function importShared(path, registry) {
  const key = `shared:${path}`;
  const known = registry.get(key);
  if (known) return known;
  const namespace = await import(pathToFileURL(path).href);
  const names = Object.keys(namespace);
  const module = new vm.SyntheticModule(
    names,
    () => {
      for (const name of names) module.setExport(name, namespace[name]);
    },
    { identifier: path },
  );
  await module.link(() => {
    throw new Error('it imports nothing');
  });
  await module.evaluate();
  if (!registry.has(key)) registry.set(key, module);
  return registry.get(key);
}
