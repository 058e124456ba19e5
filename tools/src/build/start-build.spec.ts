import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../../', import.meta.url));
const GATEWAY = 'apps/gateway/src/main.ts';
let root: string;

/** A checkout with the programs of the real one, and little in them. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lovage-build-'));
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  write('package-lock.json', '{}');
  write('package.json', '{"type":"module"}');
  write('tsconfig.base.json', '{}');
  mkdirSync(join(root, 'tools'));
  for (const file of ['tools/start-build.mjs', 'tools/start-loader.mjs'])
    cpSync(join(repository, file), join(root, file));
  for (const project of ['apps/gateway', 'apps/worker', 'apps/beat', 'libs/runtime', 'tools'])
    write(`${project}/package.json`, '{"type":"module"}');
  for (const file of [
    'apps/gateway/src/load-tests/load-child.ts',
    'apps/worker/src/main.ts',
    'apps/worker/src/child.ts',
    'apps/beat/src/main.ts',
    'libs/runtime/src/pools/child/serve.ts',
  ])
    write(file, 'console.log(1);');
  write('libs/runtime/src/pools/child/main.mjs', 'console.log("as it is");');
  write('tools/src/launcher/launch.ts', 'console.log(1);');
  write(GATEWAY, `console.log('first');`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(join(root, file, '..'), { recursive: true });
  writeFileSync(join(root, file), text);
}

/** In a process of its own, as `npm start` does it: the directory or the error, and what was said. */
async function fresh(cache = join(root, '.cache/start')): Promise<{ dir?: string; error?: string; said: string[] }> {
  const program = `
    const { freshBuild } = await import(${JSON.stringify(pathToFileURL(join(root, 'tools/start-build.mjs')).href)});
    const said = [];
    try { console.log(JSON.stringify({ dir: await freshBuild(${JSON.stringify(root)}, (text) => said.push(text), ${JSON.stringify(cache)}), said })); }
    catch (error) { console.log(JSON.stringify({ error: error.name + ': ' + error.message, said })); }`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program]);
  return JSON.parse(stdout) as { dir?: string; error?: string; said: string[] };
}
const kept = (): string[] => readdirSync(join(root, '.cache/start'));
const output = async (dir: string | undefined): Promise<string> =>
  (await run(process.execPath, [join(dir!, 'apps/gateway/src/main.js')])).stdout.trim();

test('a second start takes the build of the first; after an edit there is a new one', async () => {
  const first = await fresh();
  expect(await output(first.dir)).toBe('first');
  expect((await run(process.execPath, [join(first.dir!, 'libs/runtime/src/pools/child/main.mjs')])).stdout).toContain(
    'as it is',
  );
  // Were it built again, this would be gone.
  writeFileSync(join(first.dir!, 'kept'), '');
  expect((await fresh()).dir).toBe(first.dir);
  expect(readdirSync(first.dir!)).toContain('kept');
  write(GATEWAY, `console.log('edited');`);
  const edited = await fresh();
  expect(edited.dir).not.toBe(first.dir);
  expect(await output(edited.dir)).toBe('edited');
});

test('a broken edit is told with its place, and leaves nothing behind', async () => {
  write(GATEWAY, `const a: number = ;`);
  const { error } = await fresh();
  expect(error).toMatch(/^StartBuildError: the sources do not build:/);
  expect(error).toContain(GATEWAY);
  expect(kept()).toEqual([]);
  write(GATEWAY, `import './missing.ts';`);
  expect((await fresh()).error).toContain('./missing.ts');
  write(GATEWAY, `console.log('mended');`);
  expect(await output((await fresh()).dir)).toBe('mended');
});

test('two that start at once both get the build', async () => {
  const [one, other] = await Promise.all([fresh(), fresh()]);
  expect(one.dir).toBe(other.dir);
  expect(await output(one.dir)).toBe('first');
  expect(kept()).toHaveLength(1);
});

test('where no build can be kept, it says so and gives none', async () => {
  write('.cache', 'a file where the directory should be');
  const { dir, said } = await fresh();
  expect(dir).toBeUndefined();
  expect(said.join()).toMatch(/starting from the sources.*no build can be kept/);
});

describe('what V8 has compiled', () => {
  const SERVES = `import { channel } from 'node:diagnostics_channel';
    const twice = (n: number): number => n * 2;
    const load = (url: string): Promise<{ default: number }> => import(url);
    console.log(twice((imported(), 21)));
    function imported(): void { void load('data:text/javascript,export default 7').then(({ default: n }) => console.log(n)); }
    channel('lovage.ready').publish(undefined);`;
  const files = (dir: string): string[] =>
    readdirSync(join(dir, 'compiled'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.bin'))
      .map((file) => join(dir, 'compiled', file))
      .sort();
  /** A file that is written again is another one. */
  const inodes = (dir: string): number[] => files(dir).map((file) => statSync(file).ino);

  test('is kept once the process serves, and taken by the next, which imports as before', async () => {
    write(GATEWAY, SERVES);
    const { dir } = await fresh();
    expect(existsSync(join(dir!, 'compiled'))).toBe(false);
    expect(await output(dir)).toBe('42\n7');
    const kept = inodes(dir!);
    expect(kept).toHaveLength(1);
    expect(await output(dir)).toBe('42\n7');
    expect(inodes(dir!)).toEqual(kept);
  });

  test('is compiled anew where it is broken, cut short or made with other flags', async () => {
    write(GATEWAY, SERVES);
    const { dir } = await fresh();
    await output(dir);
    const [file] = files(dir!);
    const whole = readFileSync(file!);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1]! ^= 1;
    for (const broken of [flipped, whole.subarray(0, whole.length >> 1), Buffer.from('abc'), Buffer.alloc(0)]) {
      writeFileSync(file!, broken);
      expect(await output(dir)).toBe('42\n7');
      expect(readFileSync(file!).length).toBe(whole.length);
    }
    const kept = inodes(dir!);
    const main = join(dir!, 'apps/gateway/src/main.js');
    expect((await run(process.execPath, ['--no-opt', main])).stdout.trim()).toBe('42\n7');
    expect(inodes(dir!)).not.toEqual(kept);
    expect(await output(dir)).toBe('42\n7');
  });

  test('does not matter where it cannot be kept', async () => {
    write(GATEWAY, SERVES);
    const { dir } = await fresh();
    writeFileSync(join(dir!, 'compiled'), 'a file where the directory should be');
    expect(await output(dir)).toBe('42\n7');
  });
});

test('stack traces name the lines of the sources; a source finds its neighbours by its URL', async () => {
  write(
    'apps/gateway/src/deep.ts',
    `// one\n\nexport class Deep { fail(): never { throw new Error(import.meta.url); } }`,
  );
  write(
    GATEWAY,
    `import { Deep } from './deep.ts';\ntry { new Deep().fail(); } catch (error) { console.log((error as Error).stack); }`,
  );
  const { dir } = await fresh();
  const { stdout } = await run(process.execPath, ['--enable-source-maps', join(dir!, 'apps/gateway/src/main.js')]);
  expect(stdout).toContain(`Error: ${pathToFileURL(join(dir!, 'apps/gateway/src/deep.js')).href}`);
  expect(stdout).toContain(`${join(root, 'apps/gateway/src/deep.ts')}:3`);
});

test('the newest three builds are kept', async () => {
  for (let edit = 0; edit < 4; edit += 1) {
    write(GATEWAY, `console.log('edit ${'.'.repeat(edit)}');`);
    await fresh();
  }
  expect(kept()).toHaveLength(3);
});

test('what lies beside the builds and is none of them is left alone', async () => {
  const others = ['notes.txt', 'data/file', 'mine.1.tmp', 'deadbeef'].map((name) => `.cache/start/${name}`);
  for (const other of others) {
    write(other, 'of somebody else');
    utimesSync(join(root, other), new Date(0), new Date(0));
  }
  for (let edit = 0; edit < 4; edit += 1) {
    write(GATEWAY, `console.log('edit ${'.'.repeat(edit)}');`);
    await fresh();
  }
  expect(others.filter((other) => !existsSync(join(root, other)))).toEqual([]);
  expect(kept()).toHaveLength(3 + others.length);
});
