import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const DECLARATION = /^(export )?(?:declare )?(?:abstract )?(class|interface|type) (\w+)/gm;

/** Names that two files may give, and the reason of each. */
const SAME_THING: Readonly<Record<string, string>> = {
  DeadLetterGroups: 'the document of REST, and what the store reads for it',
  ListedTask: 'the document of REST, and the row that the store reads for it',
  LoadTestState: 'the states of REST, which libs/ports may not import',
  TaskLogLine: 'the document of REST, and the row that the store reads for it',
  UserRole: 'the roles of REST, which libs/ports may not import',
  WorkerVitals: 'the document of REST, and what the store reads for it',
};

/** Places of each class, and of each interface and type that other files may import, by name. Generated code is left out. */
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
test('no class, exported interface or exported type has the name of another one', () => {
  const twice = [...declarations()].filter(([, paths]) => new Set(paths).size > 1);
  const others = twice.filter(([name]) => !(name in SAME_THING));
  expect(others.map(([name, paths]) => `${name}: ${paths.join(', ')}`)).toEqual([]);
  // An exception that nothing needs any more goes.
  expect(twice.map(([name]) => name).sort()).toEqual(Object.keys(SAME_THING));
});
