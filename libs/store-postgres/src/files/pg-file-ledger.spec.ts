import { newId } from '@lovage/foundation';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const KIB = 1024;
const NONE = { userBytes: Infinity, totalBytes: Infinity };

let f: StoreFixture;
beforeAll(async () => {
  f = await fixture();
});
afterAll(() => f[Symbol.asyncDispose]());

test('uploads at once stay within the quotas together; what is dropped is free again', async () => {
  const { files } = f.store;
  const [one, two] = [newId(), newId()];
  const quota = { userBytes: 100 * KIB, totalBytes: 150 * KIB };
  const begin = async (owner: string) => {
    const id = newId();
    return { id, granted: await files.begin({ id, owner, least: 10 * KIB, most: 10 * KIB, quota }) };
  };
  const ofOne = await Promise.all(Array.from({ length: 14 }, () => begin(one)));
  const granted = ofOne.filter((upload) => 'bytes' in upload.granted);
  expect(granted).toHaveLength(10);
  for (const upload of ofOne) if (!granted.includes(upload)) expect(upload.granted).toEqual({ over: 'user' });
  const ofTwo = await Promise.all(Array.from({ length: 7 }, () => begin(two)));
  expect(ofTwo.filter((upload) => 'bytes' in upload.granted)).toHaveLength(5);
  expect(ofTwo.map((upload) => upload.granted)).toContainEqual({ over: 'total' });
  expect(await files.usage(one)).toEqual({ userBytes: 100 * KIB, totalBytes: 150 * KIB, totalFiles: 15 });

  const { id } = granted[0]!;
  expect(await files.grow(id, { least: 1, most: 5, quota })).toEqual({ over: 'user' });
  await files.settle(id, { path: 'a/one.bin', bytes: 1 });
  expect(await files.usage(one)).toMatchObject({ userBytes: 94 * KIB });
  // As much as there is, at most what was asked for.
  expect(await files.grow(granted[1]!.id, { least: KIB, most: KIB ** 2, quota })).toEqual({ bytes: 6 * KIB });
  for (const upload of granted.slice(1)) await files.drop(upload.id);
  await files.forget(['a/one.bin']);
  expect(await files.usage(one)).toEqual({ userBytes: 0, totalBytes: 50 * KIB, totalFiles: 5 });
});

test('files on the disk get rows; rows are followed, and told apart from those of unfinished uploads', async () => {
  const { files } = f.store;
  const owner = newId();
  const before = await files.usage(owner);
  const id = newId();
  await files.begin({ id, owner, least: 0, most: 0, quota: NONE });
  await files.settle(id, { path: 'b/mine.bin', bytes: 8 * KIB });
  const unfinished = newId();
  await files.begin({ id: unfinished, owner, least: 5 * KIB, most: 5 * KIB, quota: NONE });
  expect(
    await files.adopt([
      { path: 'b/mine.bin', bytes: 9 * KIB },
      { path: 'b/other.bin', bytes: 100 },
    ]),
  ).toBe(1);
  expect(await files.adopt([{ path: 'b/other.bin', bytes: 100 }])).toBe(0);
  const { userBytes, totalBytes, totalFiles } = await files.usage(owner);
  expect([userBytes, totalBytes - before.totalBytes, totalFiles - before.totalFiles]).toEqual([14 * KIB, 18 * KIB, 3]);
  const page = { after: null, limit: 100 };
  const rows = await files.rows({ ...page, olderThanMs: -60_000 });
  expect(rows.filter(({ path }) => path?.startsWith('b/')).map(({ path }) => path)).toEqual([
    'b/mine.bin',
    'b/other.bin',
  ]);
  expect(rows).toContainEqual({ id: unfinished, path: null });
  expect(await files.rows({ ...page, olderThanMs: 60_000 })).toEqual([]);
  await files.remove(rows.map((row) => row.id));
  expect(await files.usage(owner)).toEqual({ userBytes: 0, totalBytes: 0, totalFiles: 0 });
});

test('paths are found in the inputs of tasks that have not ended, however JSON spells them', async () => {
  const worker = await f.worker();
  const input = (path: string): string => JSON.stringify({ source: [{ path }] });
  const live = [
    newTask({ input: input('a.txt') }),
    newTask({ input: input('x/é b.txt') }),
    newTask({ input: '{"path":"\\u00e4.txt","dark":"\\u0000"}' }),
    newTask({ input: null, message: '{"args":["of/celery.txt"]}' }),
  ];
  const ended = claimOf(newTask({ input: input('ended.txt') }));
  await f.store.tasks.claim(worker, [...live.map((task) => claimOf(task)), ended], { durable: false });
  await f.store.tasks.record(worker.id, [{ ...ended, state: 'SUCCESS', result: 'null', error: null }]);
  const asked = ['a.txt', 'b.txt', 'a', 'x/é b.txt', 'ä.txt', 'of/celery.txt', 'ended.txt', 'none.txt'];
  expect((await f.store.files.named(asked)).sort()).toEqual(['a.txt', 'of/celery.txt', 'x/é b.txt', 'ä.txt'].sort());
});
