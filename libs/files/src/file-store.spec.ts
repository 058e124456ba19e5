import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore } from './file-store.ts';
import { sweepUnfinished } from './sweep.ts';
import { writeFile } from './write-file.ts';

let base: string;
let root: string;
let store: FileStore;
const bytes = (text: string) => [Buffer.from(text)];
const unfinished = () => readdirSync(join(root, '.unfinished'));

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'lovage-files-'));
  root = join(base, 'files');
  store = new FileStore(root);
});
afterEach(() => rmSync(base, { recursive: true }));

it('writes a file, tells its size and hash, and opens it', async () => {
  const written = await writeFile(store, 'a/b/hello.txt', [Buffer.from('hel'), Buffer.from('lo')]);
  expect(written).toEqual({
    path: 'a/b/hello.txt',
    bytes: 5,
    sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  });
  const file = await store.open('a/b/hello.txt');
  expect((await file.handle.readFile()).toString()).toBe('hello');
  expect(file.bytes).toBe(5);
  await file.handle.close();
  expect(unfinished()).toEqual([]);
  expect(readFileSync(await store.locate('a/b/hello.txt'), 'utf8')).toBe('hello');
});

it('a reader keeps the old file while a new one takes its name; the version differs', async () => {
  await writeFile(store, 'x', bytes('old'));
  const old = await store.open('x');
  await writeFile(store, 'x', bytes('new'));
  const fresh = await store.open('x');
  expect((await old.handle.readFile()).toString()).toBe('old');
  expect((await fresh.handle.readFile()).toString()).toBe('new');
  expect(fresh.version).not.toBe(old.version);
  await old.handle.close();
  await fresh.handle.close();
});

it('of writers that must not replace, one wins', async () => {
  const results = await Promise.allSettled(
    ['a', 'b', 'c', 'd'].map((text) => writeFile(store, 'dir/x', bytes(text), { replace: false })),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of results)
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'file_exists', path: 'dir/x' });
  expect(unfinished()).toEqual([]);
});

it('keeps nothing of a file that is too large, broken off or aborted', async () => {
  await expect(writeFile(store, 'x', bytes('123456'), { limitBytes: 5 })).rejects.toMatchObject({
    code: 'file_too_large',
  });
  async function* breaking() {
    yield Buffer.from('abc');
    await Promise.resolve();
    throw new Error('line cut');
  }
  await expect(writeFile(store, 'x', breaking())).rejects.toThrow('line cut');
  const signal = AbortSignal.abort(new Error('revoked'));
  await expect(writeFile(store, 'x', bytes('abc'), { signal })).rejects.toThrow('revoked');
  await expect(store.open('x')).rejects.toMatchObject({ code: 'file_missing' });
  expect(unfinished()).toEqual([]);
});

it('follows no link, neither to a file nor to a folder, for reading or for writing', async () => {
  writeFileSync(join(base, 'secret'), 'secret');
  mkdirSync(join(base, 'outside'));
  await writeFile(store, 'real/x', bytes('x'));
  symlinkSync(join(base, 'secret'), join(root, 'link'));
  symlinkSync(join(base, 'outside'), join(root, 'folder'));
  symlinkSync(join(root, 'real'), join(root, 'inside'));
  for (const path of ['link', 'folder/x', 'inside/x'])
    await expect(store.open(path)).rejects.toMatchObject({ code: 'file_missing' });
  for (const path of ['folder/x', 'folder/new/x', 'inside/x'])
    await expect(writeFile(store, path, bytes('mine'))).rejects.toMatchObject({ code: 'file_path_invalid' });
  expect(readdirSync(join(base, 'outside'))).toEqual([]);
  // A link in the place of the file itself is replaced, not written through.
  await writeFile(store, 'link', bytes('mine'));
  expect(readFileSync(join(base, 'secret'), 'utf8')).toBe('secret');
});

it('folders, pipes and files used as folders are no files', async () => {
  await writeFile(store, 'dir/x', bytes('x'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  for (const path of ['dir', 'dir/x/y', 'pipe', 'none', 'none/x'])
    await expect(store.open(path)).rejects.toMatchObject({ code: 'file_missing' });
  await expect(writeFile(store, 'dir', bytes('x'))).rejects.toMatchObject({ code: 'file_path_invalid' });
  await expect(writeFile(store, 'dir/x/y', bytes('x'))).rejects.toMatchObject({ code: 'file_path_invalid' });
});

it('sweeps what was left unfinished long ago, and nothing else', async () => {
  await (await store.scratch()).close();
  await (await store.scratch()).close();
  const [old, recent] = unfinished();
  utimesSync(join(root, '.unfinished', old!), new Date(0), new Date(0));
  await sweepUnfinished(store, 1000_000, Date.now());
  expect(unfinished()).toEqual([recent]);
});

it('lists files in order, page by page, without links and what is unfinished', async () => {
  const paths = ['a/b/1', 'a/b/2', 'a/b.txt', 'a-', 'b', 'c/d/e'];
  for (const path of paths) await writeFile(store, path, bytes(path));
  await (await store.scratch()).close();
  symlinkSync(join(root, 'b'), join(root, 'link'));
  const all: string[] = [];
  for (let after: string | undefined; ; after = all.at(-1)) {
    const page = await store.list({ after, limit: 2 });
    all.push(...page.map(({ path }) => path));
    if (page.length < 2) break;
  }
  expect(all).toEqual(['a/b/1', 'a/b/2', 'a/b.txt', 'a-', 'b', 'c/d/e']);
  expect((await store.list({ limit: 1 }))[0]).toEqual({ path: 'a/b/1', bytes: 5, modifiedAt: expect.any(Number) });
  // From behind one that is gone.
  await store.delete('a/b/2');
  expect((await store.list({ after: 'a/b/2', limit: 1 }))[0]!.path).toBe('a/b.txt');
});

it('deletes a file with the folders that it leaves empty, and nothing else', async () => {
  await writeFile(store, 'a/b/c/x', bytes('x'));
  await writeFile(store, 'a/y', bytes('y'));
  await store.delete('a/b/c/x');
  expect(readdirSync(join(root, 'a'))).toEqual(['y']);
  for (const path of ['a/b/c/x', 'a', 'none'])
    await expect(store.delete(path)).rejects.toMatchObject({ code: 'file_missing' });
  await expect(store.delete('../x')).rejects.toMatchObject({ code: 'file_path_invalid' });
});
