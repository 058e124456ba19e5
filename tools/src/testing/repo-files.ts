import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript source of the product: no specs, no kits for tests, nothing built or generated. */
export function sourceFiles(): SourceFile[] {
  return ['apps', 'libs', 'tools'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
      .filter((path) => path.endsWith('.ts') && /^[^/]+\/([^/]+\/)?src\//.test(path))
      .filter((path) => !/(?:\.spec|\.test-d|\.d)\.ts$|\/(?:generated|testing|node_modules|dist)\//.test(path))
      .map((path) => ({ path, text: repoText(path) })),
  );
}

/** A file's text, by its path from the root of the repository. */
export function repoText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Cells of the table under a heading of a Markdown page, without its head; texts in backticks come bare. */
export function tableUnder(page: string, heading: string): string[][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? (heading === '' ? page : '');
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
    );
}
