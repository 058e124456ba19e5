import { fileURLToPath } from 'node:url';
import { decodeTask } from '@lovage/celery';
import { openPlatform } from '@lovage/platform';
import { ContractRegistry, defineTask } from '@lovage/task';
import {
  eventually,
  silentLog,
  startTypeScript,
  TcpProxy,
  testDatabase,
  type TestDatabase,
  type TestProcess,
} from '@lovage/testing';
import { z } from 'zod';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const echo = defineTask({ name: 'test.echo', input: z.strictObject({ value: z.number() }), output: z.unknown() });

const UNSET = { BROKER_URL: '', LOG_LEVEL: '', NODE_ENV: '', DATA_DIR: '', BEAT_CELERY_EVENTS: 'off' };

function beat(db: Pick<TestDatabase, 'url'>, env: Record<string, string> = {}): Promise<TestProcess> {
  const options = { env: { ...UNSET, DATABASE_URL: db.url, ...env }, ready: 'beat ready', ipc: true };
  return startTypeScript(MAIN, [], options);
}

describe('apps/beat', () => {
  test('two of them relay and count together; when one is killed, the other goes on with what that one had taken', async () => {
    await using db = await testDatabase();
    // While no beat was there.
    await db.query(
      `insert into tasks (id, name, queue, state, finished_at)
       select gen_random_uuid(), 'test.echo', 'default', 'SUCCESS', now() - n * interval '1 s' from generate_series(1, 12000) as n`,
    );
    const platform = await openPlatform({ databaseUrl: db.url, log: silentLog });
    await platform.start();
    try {
      const client = platform.client(new ContractRegistry([echo]));
      const came: string[] = [];
      await platform.broker.declare('default');
      await platform.broker.consume('default', {
        prefetch: 1000,
        onDelivery: (delivery) => {
          const decoded = decodeTask(delivery);
          if (decoded.ok) came.push(decoded.task.id);
          delivery.ack();
        },
      });
      await using one = await beat(db);
      await using two = await beat(db);
      await eventually(() => one.messages.includes('ready') && two.messages.includes('ready'));
      const handles = await Promise.all(
        Array.from({ length: 400 }, (_, value) => client.submit(echo, { value }, { delay: `${500 + value * 5}ms` })),
      );
      await eventually(() => came.length >= 100);
      await one.kill();
      const ids = handles.map(({ id }) => id).sort();
      await eventually(() => new Set(came).size === ids.length, { timeoutMs: 40_000, everyMs: 100 });
      expect([...new Set(came)].sort()).toEqual(ids);
      // Confirmed by the broker just before the kill, and not acked: those may come again.
      expect(came.length - ids.length).toBeLessThan(50);
      await eventually(async () => (await db.query('select 1 from outbox')).length === 0);
      const counted = async (table: string) =>
        (await db.query<{ n: number }>(`select coalesce(sum(ended), 0)::int as n from ${table}`))[0]!.n;
      await eventually(async () => (await counted('history_minutes')) >= 12_000, { timeoutMs: 40_000, everyMs: 100 });
      expect(await Promise.all(['history_minutes', 'history_hours', 'history_days'].map(counted))).toEqual(
        Array(3).fill(12_000),
      );
      two.signal('SIGTERM');
      expect(await two.exit).toEqual({ code: 0, signal: null });
    } finally {
      await platform.stop();
    }
  }, 90_000);

  test('sweeps: a task that expired while it waited ends; it tells that it runs, until it stops', async () => {
    await using db = await testDatabase();
    const platform = await openPlatform({ databaseUrl: db.url, log: silentLog });
    await platform.start();
    try {
      const client = platform.client(new ContractRegistry([echo]));
      const handle = await client.submit(echo, { value: 1 }, { expires: '100ms', awaitReply: false });
      await using process = await beat(db);
      await expect(handle.result({ timeout: '20s' })).rejects.toMatchObject({ code: 'task_expired' });
      const [told] = await eventually(async () => {
        const beats = await platform.beats.list();
        return beats.length > 0 ? beats : undefined;
      });
      expect(told).toMatchObject({ pid: process.pid, alive: true });
      process.signal('SIGINT');
      expect((await process.exit).code).toBe(0);
      expect(await platform.beats.list()).toEqual([]);
    } finally {
      await platform.stop();
    }
  });

  test('rides out the loss of its database', async () => {
    await using db = await testDatabase();
    await using line = await TcpProxy.before(db.url);
    const platform = await openPlatform({ databaseUrl: db.url, log: silentLog });
    await platform.start();
    try {
      const client = platform.client(new ContractRegistry([echo]));
      await platform.broker.declare('default');
      await using process = await beat(line);
      await line.refuse();
      await process.line(/the outbox cannot be read|the sweep failed/);
      const handle = await client.submit(echo, { value: 1 }, { delay: '10ms' });
      await line.heal();
      await eventually(async () => (await handle.state()) === 'QUEUED', { timeoutMs: 20_000 });
      process.signal('SIGTERM');
      expect((await process.exit).code).toBe(0);
    } finally {
      await platform.stop();
    }
  });

  test('ends with a code and one line for what its operator can mend', async () => {
    await using unset = await startTypeScript(MAIN, [], { env: { ...UNSET, DATABASE_URL: '' } });
    expect((await unset.exit).code).toBe(2);
    expect(unset.output).toMatch(/^lovage beat: DATABASE_URL is not set/);
    await using empty = await testDatabase({ migrated: false });
    await using tableless = await startTypeScript(MAIN, [], { env: { ...UNSET, DATABASE_URL: empty.url } });
    expect((await tableless.exit).code).toBe(1);
    expect(tableless.lines).toEqual([expect.stringMatching(/^lovage beat: .*prisma migrate deploy$/)]);
  });
});
