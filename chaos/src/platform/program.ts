import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../root.ts';

export type AppKind = 'gateway' | 'beat' | 'worker';

/** Of tools/start-build.mjs. */
type TestBuild = (root: string, say: (text: string) => void) => Promise<string | undefined>;

/**
 * What Node.js is given to run each app that ships, with tasks of a preload added to its own: from the build of the tests, which
 * starts in a quarter of the CPU of the sources; from these where no build can be kept.
 * @param preload a TypeScript file below chaos/src, `preload/preload.ts`
 * @throws StartBuildError of tools/start-build.mjs when a source does not build.
 */
export async function programsOf(preload: string): Promise<Record<AppKind, string[]>> {
  const { testBuild } = (await import(urlOf(join(ROOT, 'tools/start-build.mjs')))) as { testBuild: TestBuild };
  const build = await testBuild(ROOT.replace(/[\\/]$/, ''), (text) => process.stderr.write(`${text}\n`));
  const sources = ['--conditions=@lovage/source', '--import', urlOf(join(ROOT, 'tools/ts-hooks.mjs'))];
  const [flags, from, ending] = build === undefined ? [sources, ROOT, 'ts'] : [['--enable-source-maps'], build, 'js'];
  const first = urlOf(join(from, `chaos/src/${preload.replace(/ts$/, ending)}`));
  const program = (app: AppKind): string[] => [
    ...[...flags, '--import', first],
    join(from, `apps/${app}/src/main.${ending}`),
  ];
  return { gateway: program('gateway'), beat: program('beat'), worker: program('worker') };
}

const urlOf = (path: string): string => pathToFileURL(path).href;
