import type { Worker } from 'node:worker_threads';
import {
  eventually,
  RecordingLog,
  silentLog,
  TcpProxy,
  TestClock,
  testDatabase,
  type TestDatabase,
} from '@lovage/testing';
import { deferred } from '@lovage/foundation';
import { claimOf, fixture, newTask } from '../testing/fixture.ts';
import { PgWorkerLease } from './pg-worker-lease.ts';

/** A busy machine may take longer than the default to start the thread of the lease. */
const patient = { startTimeoutMs: 60_000 };
/** Often, but not sooner than a busy machine can connect: it is that limit as well. */
const RENEW_MS = 400;
const info = { name: 'worker-1@test', host: 'test', pid: 1, queues: ['default'], concurrency: 1 };

describe('the lease', () => {
  test('is held after start, by row and by lock, and gone after stop', async () => {
    await using f = await fixture();
    const lease = new PgWorkerLease({ url: f.db.url, info, ...patient, log: silentLog });
    await lease.start();
    expect(await f.db.query('select id, name, lease_until > now() as held from workers')).toEqual([
      { id: lease.id, name: info.name, held: true },
    ]);
    const claim = claimOf(newTask());
    await f.store.tasks.claim({ id: lease.id, name: info.name }, [claim], { durable: true });
    expect(await f.store.tasks.claimStates([claim.id])).toMatchObject([{ claimWorker: lease.id, holderAlive: true }]);
    await lease.stop();
    await lease.stop();
    expect(await f.db.query('select * from workers')).toEqual([]);
    expect(await f.store.tasks.claimStates([claim.id])).toMatchObject([{ holderAlive: false }]);
  });

  test('renewals tell how the process does, that its loop was blocked too; a stop tells that it was one', async () => {
    await using db = await testDatabase();
    // Each renewal replaces what the one before told.
    await db.query(`create table told as select vitals::jsonb from workers`);
    await db.query(`create function keep() returns trigger language plpgsql as
      $$ begin insert into told values (new.vitals::jsonb); return new; end $$`);
    await db.query('create trigger keep after update on workers for each row execute function keep()');
    const work = () => ({ slots: 4, slotsUsed: 3, waiting: 2 });
    const lease = new PgWorkerLease({ url: db.url, info, ...patient, log: silentLog, renewMs: RENEW_MS, work });
    await lease.start();
    try {
      type Vitals = { cpu: number; eventLoopUse: number };
      const told = (condition: string) =>
        eventually(async () => (await db.query<{ vitals: Vitals }>(`select * from told where ${condition}`))[0]);
      const { vitals } = await told(`vitals ? 'slots'`);
      expect(vitals).toMatchObject({ slots: 4, slotsUsed: 3, waiting: 2, cpu: expect.any(Number) as number });
      // The renewals go on beside a loop that does not.
      const until = performance.now() + 3 * RENEW_MS;
      while (performance.now() < until);
      await told(`(vitals->>'eventLoopDelayMs')::float8 >= 100`);
    } finally {
      await lease.stop();
    }
    expect(await db.query('select stopping, vitals->>$1 as slots from gone_workers', ['slots'])).toEqual([
      { stopping: true, slots: '4' },
    ]);
  });

  test('taken for dead, it says so and goes on under a new id', async () => {
    await using f = await fixture();
    const lost = deferred<string>();
    const lease = new PgWorkerLease({
      url: f.db.url,
      info,
      ...patient,
      log: silentLog,
      renewMs: RENEW_MS,
      onLost: lost.resolve,
    });
    await lease.start();
    const first = lease.id;
    await f.db.query('delete from workers');
    expect(await lost.promise).toBe(first);
    const rows = await renewed(f.db);
    expect(rows).toHaveLength(1);
    expect(rows[0]!.id).not.toBe(first);
    await lease.stop();
  });

  test('is given up before it ends when Postgres cannot be reached, and held anew when it can', async () => {
    await using db = await testDatabase();
    await using proxy = await TcpProxy.before(db.url);
    const lost = deferred<string>();
    const lease = new PgWorkerLease({
      url: proxy.url,
      info,
      log: silentLog,
      renewMs: RENEW_MS,
      leaseMs: 4000,
      onLost: lost.resolve,
    });
    await lease.start();
    const first = lease.id;
    await proxy.refuse();
    expect(await lost.promise).toBe(first);
    const [row] = await db.query<{ held: boolean }>('select lease_until > now() as held from workers where id = $1', [
      first,
    ]);
    expect(row).toEqual({ held: true });
    await proxy.heal();
    await renewed(db, first);
    await lease.stop();
  });

  test('no server: the start fails with a clear error and leaves no thread', async () => {
    const url = 'postgres://postgres@127.0.0.1:1/none';
    const lease = new PgWorkerLease({ url, info, log: silentLog, startTimeoutMs: 200 });
    await expect(lease.start()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(threadOf(lease)).toBeUndefined();
    await lease.stop();
  });

  test('its thread dies: what ran under it is given up, nothing can be claimed, and a new thread takes a new lease', async () => {
    await using f = await fixture();
    const lost = deferred<string>();
    const clock = new TestClock();
    const lease = new PgWorkerLease({ url: f.db.url, info, log: silentLog, clock, onLost: lost.resolve });
    await lease.start();
    const first = lease.id;
    await threadOf(lease)!.terminate();
    expect(await lost.promise).toBe(first);
    expect(lease.held).toBe(false);
    expect(await f.store.tasks.claim({ id: lease.id, name: 'w' }, [claimOf(newTask())], { durable: true })).toEqual([]);
    await clock.advance(250);
    await eventually(() => lease.held);
    expect(lease.id).not.toBe(first);
    await f.db.query('delete from workers where id = $1', [first]);
    expect(await renewed(f.db)).toEqual([{ id: lease.id }]);
    await lease.stop();
    expect(await f.db.query('select * from workers')).toEqual([]);
  });

  test('each further death waits longer for the next thread; a lease held begins anew', async () => {
    await using f = await fixture();
    const log = new RecordingLog();
    const clock = new TestClock();
    const lease = new PgWorkerLease({ url: f.db.url, info, log, clock });
    await lease.start();
    const deaths = () => log.entries.filter(({ level }) => level === 'error').length;
    for (const n of [1, 2, 3]) {
      await threadOf(lease)!.terminate();
      await eventually(() => deaths() === n);
      // Killed before it holds anything, but the last.
      await clock.advance(250 * 2 ** (n - 1));
      await eventually(() => threadOf(lease) !== undefined);
    }
    await eventually(() => lease.held);
    await lease.stop();
  });

  test('a stop after its thread has died, or while the next one waits, ends at once', async () => {
    await using db = await testDatabase();
    const clock = new TestClock();
    const lost = deferred<string>();
    const lease = new PgWorkerLease({ url: db.url, info, log: silentLog, clock, onLost: lost.resolve });
    await lease.start();
    await threadOf(lease)!.terminate();
    await lost.promise;
    await lease.stop();
    expect(clock.pending).toBe(0);
  });
});

/** The thread, to be killed. */
function threadOf(lease: PgWorkerLease): Worker | undefined {
  return (lease as unknown as { thread?: { worker: Worker } }).thread?.worker;
}

/** Leases that hold, once there is one other than `not`. */
function renewed(db: TestDatabase, not?: string): Promise<{ id: string }[]> {
  return eventually(async () => {
    const rows = await db.query<{ id: string }>('select id from workers where lease_until > now()');
    const others = rows.filter((row) => row.id !== not);
    return others.length > 0 ? others : undefined;
  });
}
