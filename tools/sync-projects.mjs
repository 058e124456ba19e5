// Writes each project's tsconfig files from the `@lovage/*` dependencies its package.json names, so that a new
// dependency is stated once. `node tools/sync-projects.mjs` after changing one; `--check` fails where files differ.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
const folders = [
  ...['apps', 'libs'].flatMap((kind) => readdirSync(join(root, kind)).map((name) => `${kind}/${name}`)),
  'bench',
  'chaos',
  'e2e',
  'tools',
];
const projects = folders
  .filter((folder) => existsSync(join(root, folder, 'package.json')))
  .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) }));
/** It is bundled for browsers: its tsconfig is its own, and nothing refers to it. */
const isBundled = ({ manifest }) => ['runs:browser', 'type:app'].every((tag) => manifest.nx?.tags?.includes(tag));
const built = projects.filter((project) => !isBundled(project));
const folderOf = new Map(projects.map(({ folder, manifest }) => [manifest.name, folder]));

let stale = 0;
const write = async (path, content) => {
  const file = join(root, path);
  const source = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
  // In prettier's form, or this and `format` would alternate in changing the file.
  const text = await format(source, { ...(await resolveConfig(file)), filepath: file });
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  stale += 1;
  if (check) return void console.error(`${path} is not in step with package.json; run: node tools/sync-projects.mjs`);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
};

for (const { folder, manifest } of built) {
  const up = relative(folder, '.') || '.';
  const ref = (names) =>
    names
      .map((name) => folderOf.get(name))
      .filter(Boolean)
      .map((to) => ({ path: `${up}/${to}/tsconfig.lib.json` }));
  const libs = ref(Object.keys(manifest.dependencies ?? {}));
  const testLibs = ref(Object.keys(manifest.devDependencies ?? {}));
  await write(`${folder}/tsconfig.json`, {
    extends: `${up}/tsconfig.base.json`,
    files: [],
    include: [],
    references: [{ path: './tsconfig.lib.json' }, { path: './tsconfig.spec.json' }],
  });
  await write(`${folder}/tsconfig.lib.json`, {
    extends: `${up}/tsconfig.base.json`,
    compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/tsconfig.lib.tsbuildinfo' },
    include: ['src/**/*.ts', 'src/**/*.mjs'],
    // `src/testing`: fixtures that only specs use.
    exclude: ['src/**/*.spec.ts', 'src/**/*.test-d.ts', 'src/testing/**'],
    references: libs,
  });
  await write(`${folder}/tsconfig.spec.json`, {
    extends: `${up}/tsconfig.base.json`,
    compilerOptions: {
      types: ['node', 'jest'],
      composite: false,
      declaration: false,
      declarationMap: false,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
      noEmit: true,
      incremental: true,
      tsBuildInfoFile: 'dist/tsconfig.spec.tsbuildinfo',
    },
    include: ['src/**/*.spec.ts', 'src/**/*.test-d.ts', 'src/testing/**/*.ts'],
    references: [{ path: './tsconfig.lib.json' }, ...libs, ...testLibs],
  });
  // A project may have more to say.
  if (!existsSync(join(root, folder, 'jest.config.mjs')))
    await write(`${folder}/jest.config.mjs`, `export { default } from '${up}/jest.preset.mjs';\n`);
}
await write('tsconfig.json', {
  extends: './tsconfig.base.json',
  files: [],
  references: built.map(({ folder }) => ({ path: folder })),
});
if (check && stale) process.exit(1);
