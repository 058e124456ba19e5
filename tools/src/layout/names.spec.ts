import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const DECLARATION = /^(export )?(?:declare )?(?:abstract )?(class|interface) (\w+)/gm;

/** Places of each class, and of each interface that other files may import, by name. Generated code is left out. */
function declarations(): Map<string, string[]> {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'], {
    cwd: root,
    encoding: 'utf8',
  });
  const places = new Map<string, string[]>();
  for (const path of listed.split('\n').filter((one) => /^(?:libs|apps|tools|e2e|bench|chaos)\//.test(one))) {
    if (path.includes('/generated/')) continue;
    for (const [, exported, kind, name] of readFileSync(join(root, path), 'utf8').matchAll(DECLARATION))
      if (exported || kind === 'class') places.set(name!, [...(places.get(name!) ?? []), path]);
  }
  return places;
}

// A name that stands for two things sends a search, and its reader, to the wrong one.
test('no class or exported interface has the name of another one', () => {
  const twice = [...declarations()].filter(([, paths]) => paths.length > 1);
  expect(twice.map(([name, paths]) => `${name}: ${paths.join(', ')}`)).toEqual([]);
});
