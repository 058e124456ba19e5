import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startTypeScript } from '@lovage/testing';
import { repoText } from './repo-files.ts';

export const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The page's examples as one program: `expression; // → value` becomes a check. */
function programOf(page: string): { code: string; checks: number } {
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  let checks = 0;
  const code = blocks
    .flatMap((block) => block.split('\n'))
    .map((line) => {
      const [actual, value] = line.split('; // → ');
      if (value === undefined) return line;
      checks += 1;
      return `check(${JSON.stringify(actual!.trim())}, ${actual}, ${value});`;
    })
    .join('\n');
  const head = `import assert from 'node:assert/strict';
let count = 0;
const check = (text: string, actual: unknown, value: unknown) => { count += 1; assert.deepEqual(actual, value, text); };
`;
  return { code: `${head}${code}\nconsole.log('checks passed:', count);\n`, checks };
}

/** Runs the examples of a page, in order, as one program. Resolves to how it ended, and how many checks the page has. */
export async function runPage(
  page: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ exitCode: number | null; said: string; checks: number }> {
  const { code, checks } = programOf(repoText(page));
  // Within the repository, where imports find the libraries; out of git's sight.
  mkdirSync(fromRoot('.cache/docs'), { recursive: true });
  const file = fromRoot(`.cache/docs/${basename(page, '.md')}-page-${process.pid}.ts`);
  writeFileSync(file, code);
  try {
    await using program = await startTypeScript(file, [], { env });
    const { code: exitCode } = await program.exit;
    return { exitCode, said: program.output, checks };
  } finally {
    rmSync(file);
  }
}
