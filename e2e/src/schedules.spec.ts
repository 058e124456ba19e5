import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { FileList, FiringDocument, FiringList, ScheduleList } from '@lovage/http-api';
import { RunningPlatform } from './kit/platform.ts';

describe('schedules on a platform started with nothing but Node', () => {
  let platform: RunningPlatform;
  beforeAll(async () => {
    platform = await RunningPlatform.start({
      env: { RESULT_RETENTION: '1h', FILES_RETENTION: '1h', FILES_USER_QUOTA: '12KiB' },
    });
  }, 120_000);
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000);

  test('the hourly clean-up is there, runs when asked, and deletes what is past its retention alone', async () => {
    const { rest } = platform;
    const { items } = (await rest.ask('/api/schedules')).json<ScheduleList>();
    expect(items.map(({ name, every }) => [name, every])).toEqual([
      ['maintenance.prune_results', 3600],
      ['maintenance.sweep_files', 3600],
    ]);
    const [old, young] = [
      await rest.accepted('math.add', { x: 1, y: 2 }),
      await rest.accepted('math.add', { x: 3, y: 4 }),
    ];
    await rest.ended(old.id);
    await rest.ended(young.id);
    await platform.query("update tasks set finished_at = now() - interval '61 min' where id = $1", [old.id]);
    const answer = await rest.ask('/api/schedules/maintenance.prune_results/run', { body: {} });
    expect(answer.status).toBe(202);
    const firing = answer.json<FiringDocument>();
    expect(await rest.ended(firing.taskId)).toMatchObject({
      state: 'SUCCESS',
      result: { tasks: 1, attempts: 0, firings: 0, complete: true },
    });
    expect((await rest.ask(`/api/tasks/${old.id}`)).status).toBe(404);
    expect((await rest.task(young.id)).state).toBe('SUCCESS');
    const history = (await rest.ask('/api/schedules/maintenance.prune_results/firings')).json<FiringList>();
    expect(history.items).toContainEqual({ ...firing, task: expect.objectContaining({ state: 'SUCCESS' }) });
  }, 60_000);

  test('files: within the quota; old ones go with the sweep, but for one that a waiting task names', async () => {
    const { rest, dataDir } = platform;
    const upload = async (path: string): Promise<number> => {
      const form = new FormData();
      form.append('file', new Blob(['x']), 'x.txt');
      return (await rest.ask(`/api/files?path=${path}`, { body: form })).status;
    };
    for (const path of ['a/old.txt', 'a/named.txt', 'a/young.txt']) expect(await upload(path)).toBe(201);
    expect(await upload('a/fourth.txt')).toBe(507);
    const old = new Date(Date.now() - 61 * 60_000);
    for (const path of ['a/old.txt', 'a/named.txt']) utimesSync(join(dataDir, 'files', path), old, old);
    const waits = await rest.ask('/api/tasks/image.thumbnail', {
      body: { input: { source: { path: 'a/named.txt' }, sizes: [{ width: 8 }] }, options: { delay: '1h' } },
    });
    expect(waits.status).toBe(202);
    const run = await rest.ask('/api/schedules/maintenance.sweep_files/run', { body: {} });
    expect(await rest.ended(run.json<FiringDocument>().taskId)).toMatchObject({
      state: 'SUCCESS',
      result: { files: 3, adopted: 0, deleted: 1, kept: 1, lost: 0, complete: true },
    });
    expect(await upload('a/fourth.txt')).toBe(201);
    const { items, usage } = (await rest.ask('/api/files')).json<FileList>();
    expect(items.map(({ path }) => path)).toEqual(['a/fourth.txt', 'a/named.txt', 'a/young.txt']);
    expect(usage).toMatchObject({ bytes: 12 * 1024, quota: 12 * 1024, totalBytes: 12 * 1024 });
  }, 60_000);
});
