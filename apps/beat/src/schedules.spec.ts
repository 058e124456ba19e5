import { fileURLToPath } from 'node:url';
import { decodeTask } from '@lovage/celery';
import { openPlatform } from '@lovage/platform';
import {
  eventually,
  silentLog,
  startTypeScript,
  testDatabase,
  type TestDatabase,
  type TestProcess,
} from '@lovage/testing';

const EVERY_SECOND = fileURLToPath(new URL('./testing/every-second-app.ts', import.meta.url));
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
/** How long to look; for the whole minute of the acceptance, `SCHEDULES_SECONDS=60`. */
const SECONDS = Number(process.env['SCHEDULES_SECONDS'] ?? 6);

function beat(file: string, db: TestDatabase, env: Record<string, string> = {}): Promise<TestProcess> {
  const unset = { BROKER_URL: '', LOG_LEVEL: '', NODE_ENV: '', DATA_DIR: '', BEAT_CELERY_EVENTS: 'off' };
  return startTypeScript(file, [], { env: { ...unset, DATABASE_URL: db.url, ...env }, ready: 'beat ready' });
}

interface Fired {
  due_at: Date;
  task_id: string;
  late_ms: string;
}

test(
  'a schedule of seconds under two beats, one killed half way: each second once, as many tasks, as many messages',
  async () => {
    await using db = await testDatabase();
    const platform = await openPlatform({ databaseUrl: db.url, log: silentLog });
    await platform.start();
    try {
      const came: string[] = [];
      await platform.broker.declare('default');
      await platform.broker.consume('default', {
        prefetch: 100,
        onDelivery: (delivery) => {
          const decoded = decodeTask(delivery);
          if (decoded.ok) came.push(decoded.task.id);
          delivery.ack();
        },
      });
      const firings = () =>
        db.query<Fired>(
          'select due_at, task_id, extract(epoch from fired_at - due_at) * 1000 as late_ms from firings order by due_at',
        );
      await using one = await beat(EVERY_SECOND, db);
      await using two = await beat(EVERY_SECOND, db);
      const [first] = await eventually(async () => {
        const rows = await firings();
        return rows.length > 0 && rows;
      });
      const start = first!.due_at.getTime();
      const after = (seconds: number) =>
        eventually(async () => ((await firings()).at(-1)?.due_at.getTime() ?? 0) >= start + seconds * 1000, {
          timeoutMs: (seconds + 20) * 1000,
          everyMs: 200,
        });
      await after(SECONDS / 2);
      await one.kill();
      await after(SECONDS);
      two.signal('SIGTERM');
      expect(await two.exit).toEqual({ code: 0, signal: null });
      const rows = await firings();
      const late = rows.map((row) => Number(row.late_ms)).sort((a, b) => a - b);
      const tasks = await db.query<{ id: string }>('select id from tasks');
      process.stdout.write(
        `${SECONDS} s: ${rows.length} firings, ${new Set(rows.map((row) => row.due_at.getTime())).size} moments, ` +
          `${tasks.length} tasks, ${came.length} messages; late: median ${late[late.length >> 1]} ms, most ${late.at(-1)} ms\n`,
      );
      // Every second from the first on, without a gap, each once.
      expect(rows.map((row) => (row.due_at.getTime() - start) / 1000)).toEqual(rows.map((_, n) => n));
      expect(Math.abs(rows.length - SECONDS)).toBeLessThanOrEqual(2);
      expect(tasks.map(({ id }) => id).sort()).toEqual(rows.map((row) => row.task_id).sort());
      expect(late[0]).toBeGreaterThanOrEqual(0);
      // The killed one may have taken the message of its last moment; its hold on it outlives this test.
      await eventually(() => new Set(came).size >= rows.length - 1);
    } finally {
      await platform.stop();
    }
  },
  (SECONDS + 60) * 1000,
);

test('the shipped schedules are taken over from the code, by any number of beats at once', async () => {
  await using db = await testDatabase();
  const beats = await Promise.all([beat(MAIN, db), beat(MAIN, db)]);
  try {
    expect(await db.query('select name, enabled, revision from schedules order by name')).toEqual([
      { name: 'maintenance.prune_results', enabled: true, revision: 1 },
      { name: 'maintenance.sweep_files', enabled: true, revision: 1 },
    ]);
  } finally {
    for (const one of beats) await one[Symbol.asyncDispose]();
  }
});
