import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startTypeScript, testDatabase } from '@lovage/testing';
import { repoText } from '../testing/repo-files.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The page's examples as one program: `expression; // → value` becomes a check. */
function programOf(page: string): { code: string; checks: number } {
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  let checks = 0;
  const code = blocks
    .join('\n')
    .replace(/^(\s*)(.+); \/\/ → (.+)$/gm, (_line, indent: string, actual: string, value: string) => {
      checks += 1;
      return `${indent}check(${JSON.stringify(actual)}, ${actual}, ${value});`;
    });
  const head = `import assert from 'node:assert/strict';
let count = 0;
const check = (text: string, actual: unknown, value: unknown) => { count += 1; assert.deepEqual(actual, value, text); };
`;
  return { code: `${head}${code}\nconsole.log('checks passed:', count);\n`, checks };
}

test('the examples of docs/client.md do what the page says', async () => {
  const { code, checks } = programOf(repoText('docs/client.md'));
  expect(checks).toBeGreaterThan(12);
  await using db = await testDatabase();
  const env = { DATABASE_URL: db.url, BROKER_URL: '', LOG_LEVEL: '', NODE_ENV: '', DATA_DIR: '', WORKER_QUEUES: '' };
  await using worker = await startTypeScript(fromRoot('apps/worker/src/main.ts'), [], { env, ready: 'worker ready' });
  // Within the repository, where imports find the libraries; out of git's sight.
  mkdirSync(fromRoot('.cache/docs'), { recursive: true });
  const file = fromRoot(`.cache/docs/client-page-${process.pid}.ts`);
  writeFileSync(file, code);
  try {
    await using program = await startTypeScript(file, [], { env: { ...env, BROKER_URL: undefined } });
    const { code: exitCode } = await program.exit;
    expect({ exitCode, said: program.output }).toEqual({ exitCode: 0, said: `checks passed: ${checks}` });
  } finally {
    rmSync(file);
  }
  expect(worker.running).toBe(true);
}, 90_000);
