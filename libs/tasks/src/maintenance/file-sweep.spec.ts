import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sweepFiles } from '@lovage/contracts';
import { FileStore, writeFile } from '@lovage/files';
import { newId } from '@lovage/foundation';
import { StoreUnavailableError } from '@lovage/ports';
import { fakeTask } from '@lovage/runtime/testing';
import { openStore } from '@lovage/store-postgres';
import { validateOutput } from '@lovage/task';
import { silentLog, testDatabase } from '@lovage/testing';
import { TestFiles } from '../testing/test-files.ts';
import { MaintenanceTasks } from './maintenance.tasks.ts';

const HOUR = 3600_000;
const QUOTA = { userBytes: Infinity, totalBytes: Infinity };

test('a sweep counts what nobody uploaded, deletes what is old and unnamed, and forgets what is gone', async () => {
  using folder = new TestFiles();
  await using db = await testDatabase();
  const store = openStore({ url: db.url, log: silentLog });
  try {
    const files = new FileStore(folder.files);
    const put = async (path: string, ageMs: number): Promise<void> => {
      await writeFile(files, path, [Buffer.from('x')]);
      const at = (Date.now() - ageMs) / 1000;
      utimesSync(join(folder.files, path), at, at);
    };
    const owner = newId();
    const uploaded = async (path: string | null): Promise<void> => {
      const id = newId();
      await store.files.begin({ id, owner, least: 4096, most: 4096, quota: QUOTA });
      if (path !== null) await store.files.settle(id, { path, bytes: 1 });
    };
    await put('old/named.txt', 3 * HOUR);
    await put('old/unnamed.txt', 3 * HOUR);
    await put('young.txt', HOUR);
    await put('by/a/task.txt', HOUR);
    writeFileSync(join(await files.unfinished(), 'x.new'), 'x');
    for (const path of ['old/unnamed.txt', 'young.txt', 'gone.txt', null]) await uploaded(path);
    await db.query("update files set created_at = now() - interval '61 min'");
    // It has just begun, or has its path and not yet its file.
    await uploaded(null);
    await uploaded('coming.txt');
    await db.query(
      `insert into tasks (id, name, queue, state, input) values ($1, 'image.thumbnail', 'default', 'QUEUED', '{"source":{"path":"old/named.txt"}}')`,
      [newId()],
    );
    const options = folder.options({ retentionMs: 2 * HOUR });
    const sweep = (ledger = folder.deps().files) =>
      new MaintenanceTasks(options, folder.deps().retention, [], ledger, files).sweepFiles(
        {},
        fakeTask(sweepFiles).task,
      );

    const busy = () => Promise.reject(new StoreUnavailableError('too much to do', { code: 'store_busy' }));
    expect(await sweep({ ...folder.deps().files, named: busy })).toMatchObject({ files: 4, deleted: 0, kept: 2 });
    const output = await sweep(store.files);
    expect(validateOutput(sweepFiles, output)).toEqual({
      ...{ files: 4, adopted: 2, deleted: 1, kept: 1, lost: 2 },
      complete: true,
    });
    const paths = async (): Promise<string[]> => (await files.list({ limit: 10 })).map(({ path }) => path);
    expect(await paths()).toEqual(['by/a/task.txt', 'old/named.txt', 'young.txt']);
    expect(await db.query('select path from files order by path')).toEqual(
      ['by/a/task.txt', 'coming.txt', 'old/named.txt', 'young.txt', null].map((path) => ({ path })),
    );
    expect(await store.files.usage(owner)).toEqual({ userBytes: 3 * 4096, totalBytes: 5 * 4096, totalFiles: 5 });

    // Without an age nothing is deleted; a second sweep finds nothing to do.
    await db.query("update tasks set finished_at = now(), state = 'SUCCESS'");
    const forEver = new MaintenanceTasks(folder.options(), folder.deps().retention, [], store.files, files);
    expect(await forEver.sweepFiles({}, fakeTask(sweepFiles).task)).toMatchObject({ files: 3, deleted: 0, adopted: 0 });
    expect(await sweep(store.files)).toMatchObject({ files: 3, deleted: 1, kept: 0 });
    const { task, abort } = fakeTask(sweepFiles);
    abort(Object.assign(new Error('stop'), { code: 'worker_shutdown' }));
    const stopped = new MaintenanceTasks(options, folder.deps().retention, [], store.files, files);
    await expect(stopped.sweepFiles({}, task)).rejects.toThrow('stop');
  } finally {
    await store.close();
  }
});
