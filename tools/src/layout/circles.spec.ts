import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const FOLDERS = [
  ...['libs', 'apps'].flatMap((kind) => readdirSync(join(ROOT, kind)).map((name) => join(kind, name))),
  'tools',
  'e2e',
  'bench',
  'chaos',
];

/** Files that each file imports by a relative path: for values, for types alone, or when it runs (`import()`). */
function imports(folder: string): [file: string, imported: string[]][] {
  const src = join(ROOT, folder, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && !file.startsWith('generated'),
  );
  return files.map((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(src, file), 'utf8'), true, true);
    const relative = importedFiles.filter(({ fileName }) => fileName.startsWith('.'));
    return [join(folder, file), relative.map(({ fileName }) => join(folder, dirname(file), fileName))];
  });
}

/** One circle for each file that a walk in depth comes back to. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const circles: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].join(' → '));
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const imported of graph.get(file) ?? []) visit(imported);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return circles;
}

test('a circle is found, whatever it is made of', () => {
  const text = `import type { A } from './a.ts';\nexport * from './b.ts';\nconst load = () => import('./c.ts');\ntype D = import('./d.ts').D;`;
  expect(
    ts
      .preProcessFile(text, true, true)
      .importedFiles.map(({ fileName }) => fileName)
      .sort(),
  ).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts']);
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
  ]);
  expect(circlesOf(graph)).toEqual(['a → b → c → a']);
});

test('no file imports itself through others, types and late imports included', () => {
  const graph = new Map(FOLDERS.flatMap(imports));
  // Enough of them are seen for the answer to mean something.
  expect(graph.size).toBeGreaterThan(800);
  expect(circlesOf(graph)).toEqual([]);
});
