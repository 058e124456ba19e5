// How spec files get their modules: packages (all below `node_modules`) from Node.js itself, once for all files of a process, and
// so Jest's own; what the repository holds by Jest, compiled, anew for each file. Loading Nest, Prisma and their like again for
// each of 400 files took a third of the time of all tests. Mocks of packages are not to be had; nobody uses them.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';
import jestRuntime from 'jest-runtime';

const PACKAGES = /[\\/]node_modules[\\/]/;
/** Keeps the state of the file that it runs. */
const ONE_A_FILE = /[\\/]jest-circus[\\/]/;
const require = createRequire(import.meta.url);
// Its declarations leave out what is overridden here.
/** @type {new (...args: any[]) => any} */
const Runtime = /** @type {any} */ (jestRuntime).default ?? jestRuntime;

export default class SharedPackagesRuntime extends Runtime {
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
      if (mayBePackage(specifier) && !resolution.isCoreModule(specifier)) {
        const path = await resolution.resolveEsmAsync(from, specifier);
        if (PACKAGES.test(path)) return importPackage(path, registries.getActiveEsmRegistry());
      }
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

// Jest takes it by `require`, and its default for the class.
export const __esModule = true;

/** @param {string} specifier */
function mayBePackage(specifier) {
  return !/^(?:\.|\/|data:|file:|@jest\/globals$)/.test(specifier);
}

/**
 * What Node.js imports, as a module that Jest's may import from.
 * @param {string} path
 * @param {Map<string, vm.Module>} registry of the file
 */
async function importPackage(path, registry) {
  const key = `package:${path}`;
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
