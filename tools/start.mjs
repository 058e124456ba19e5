// npm start: the whole platform with one command, from a kept build of the sources; from the sources where none can be kept.
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { freshBuild, StartBuildError } from './start-build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
const say = (text) => void process.stderr.write(`lovage: ${text}\n`);
/** What it imports of ours would exist a second time beside the build. */
const preloads = /(?:^|\s)(?:-r|--require|--import|--loader|--experimental-loader)\b/.test(
  process.env.NODE_OPTIONS ?? '',
);
let build;
try {
  if (preloads) say('starting from the sources, which takes longer: NODE_OPTIONS preloads a module');
  else build = await freshBuild(root, say);
} catch (error) {
  if (!(error instanceof StartBuildError)) throw error;
  say(error.message);
  process.exit(1);
}
if (build === undefined) {
  await import('./ts-hooks.mjs');
  await import('./src/start.ts');
} else {
  process.setSourceMapsEnabled(true);
  const { launch } = await import(pathToFileURL(join(build, 'tools/src/launcher/launch.js')).href);
  await launch(root, build);
}
