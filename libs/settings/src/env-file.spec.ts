import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { withEnvFile } from './env-file.ts';
import { parseSettings } from './settings.ts';

test('the file fills in what the environment lacks', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lovage-env-'));
  try {
    writeFileSync(join(dir, '.env'), '# a comment\nPORT=1234\nHOST="::1"\n');
    expect(withEnvFile({ PORT: '1' }, join(dir, '.env'))).toEqual({ PORT: '1', HOST: '::1' });
    expect(withEnvFile({ PORT: '1' }, join(dir, 'none'))).toEqual({ PORT: '1' });
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('.env.example names every variable, and changes nothing as it stands', () => {
  const file = new URL('../../../.env.example', import.meta.url);
  const source = [
    ...['settings.ts', 'children-settings.ts', 'http-settings.ts', 'task-settings.ts', 'task-routes.ts'],
    ...['results-settings.ts', 'history-settings.ts', 'celery-settings.ts', 'celery-results-settings.ts'],
  ]
    .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
    .join('\n');
  const variables = new Set(source.match(/'[A-Z]+(?:_[A-Z]+)*'/g)!.map((quoted) => quoted.slice(1, -1)));
  const text = readFileSync(file, 'utf8');
  const listed = new Set([...text.matchAll(/^#?\s?([A-Z_]+)=/gm)].map(([, name]) => name));
  expect(listed).toEqual(variables);
  expect(parseSettings(withEnvFile({}, file.pathname))).toEqual(parseSettings({}));
});
