import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../root.ts';

export type AppKind = 'gateway' | 'beat' | 'worker';

/** Of tools/start-build.mjs. */
type TestBuild = (root: string, say: (text: string) => void) => Promise<string | undefined>;

/**
 * What Node.js is given to run an app that ships, with tasks of a preload added to its own: from the build of the tests, which
 * starts in a quarter of the CPU of the sources; from these where no build can be kept.
 * @param preload a TypeScript file below chaos/src, `preload/preload.ts`
 */
export async function programOf(app: AppKind, preload: string): Promise<string[]> {
  const { testBuild } = (await import(urlOf(join(ROOT, 'tools/start-build.mjs')))) as { testBuild: TestBuild };
  const build = await testBuild(ROOT.replace(/[\\/]$/, ''), (text) => process.stderr.write(`${text}\n`));
  const [main, first] = [`apps/${app}/src/main`, `chaos/src/${preload.replace(/\.ts$/, '')}`];
  return build === undefined
    ? [
        ...['--conditions=@lovage/source', '--import', urlOf(join(ROOT, 'tools/ts-hooks.mjs'))],
        ...['--import', urlOf(join(ROOT, `${first}.ts`)), join(ROOT, `${main}.ts`)],
      ]
    : ['--enable-source-maps', '--import', urlOf(join(build, `${first}.js`)), join(build, `${main}.js`)];
}

const urlOf = (path: string): string => pathToFileURL(path).href;
