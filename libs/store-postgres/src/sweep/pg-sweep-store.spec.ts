import { insertOne } from '@lovage/testing';
import { SWEEP_EXPIRED } from '../sql/sweep.ts';
import { claimOf, fixture, newTask } from '../testing/fixture.ts';

describe('the sweep', () => {
  test('requeues what a lapsed worker held, with a message of the same generation, and leaves the living alone', async () => {
    await using f = await fixture();
    const [dead, alive] = [await f.worker(), await f.worker()];
    const [a, b, c] = [newTask(), newTask(), newTask()];
    const claims = [claimOf(a), claimOf(b)];
    await f.store.tasks.claim(dead, claims, { durable: true });
    await f.store.tasks.claim(alive, [claimOf(c)], { durable: true });
    expect(await f.store.sweep.sweep()).toEqual({ lapsedWorkers: 0, requeued: 0, revoked: 0, expired: 0, served: 0 });
    await f.db.query("update workers set lease_until = now() - interval '2 s' where id = $1", [dead.id]);
    const reports = await Promise.all([f.store.sweep.sweep(), f.store.sweep.sweep()]);
    expect(reports.reduce((sum, report) => sum + report.requeued, 0)).toBe(2);
    expect(reports.reduce((sum, report) => sum + report.lapsedWorkers, 0)).toBe(1);
    expect(await f.store.tasks.get(a.id)).toMatchObject({ state: 'QUEUED', generation: 0, suspected: 1 });
    expect(await f.store.tasks.get(c.id)).toMatchObject({ state: 'STARTED', suspected: 0 });
    expect(await f.db.query('select turn as generation from outbox')).toEqual([{ generation: 0 }, { generation: 0 }]);
    const late = { id: a.id, claimNo: claims[0]!.claimNo, state: 'SUCCESS' as const, result: '1', error: null };
    expect(await f.store.tasks.record(dead.id, [late])).toEqual(new Map());
    expect(await f.store.tasks.claim(alive, [claimOf(a)], { durable: true })).toMatchObject([{ suspected: 1 }]);
  });

  test.each([
    ['one death among others may be chance', 4, 1, {}, null],
    ['two are suspicious: a group of half of those suspected together', 4, 2, {}, 2],
    ['one tells enough of who ran alone', 1, 1, {}, 1],
    ['and of who ran where the memory had grown', 4, 1, { first_memory_mb: 100, memory_mb: 900 }, 2],
    ['a worker that was asked to stop was killed for that', 4, 3, { stopping: true }, null],
  ])('weighs deaths of workers: %s', async (_, together, deaths, values, group) => {
    await using f = await fixture();
    const tasks = Array.from({ length: together }, () => newTask());
    for (let death = 0; death < deaths; death += 1) {
      const worker = await f.worker();
      await f.store.tasks.claim(
        worker,
        tasks.map((task) => claimOf(task)),
        { durable: true },
      );
      const set = Object.entries(values).map(([column, value]) => `, ${column} = ${String(value)}`);
      await f.db.query(`update workers set lease_until = now() - interval '2 s'${set.join('')} where id = $1`, [
        worker.id,
      ]);
      // Who takes over first must not make it look as if those that follow had been fewer.
      if (death === 0 && together > 2) {
        const [first] = await f.db.query<{ id: string; claim_no: string }>(
          'select id, claim_no from tasks where claim_worker = $1 limit 1',
          [worker.id],
        );
        const from = { worker: worker.id, claimNo: Number(first!.claim_no) };
        await f.store.tasks.takeOver(await f.worker(), { id: first!.id, claimNo: 1, from, release: true });
      }
      await f.store.sweep.sweep();
    }
    const [alive, [one]] = [await f.worker(), tasks.slice(-1)];
    expect(await f.store.tasks.get(one!.id)).toMatchObject({
      state: 'QUEUED',
      suspected: deaths,
      quarantineGroup: group,
    });
    expect(await f.db.query(`select distinct (error->'data'->>'together')::int as n from attempts`)).toEqual([
      { n: together },
    ]);
    expect(await f.store.tasks.claim(alive, [claimOf(one!)], { durable: true })).toHaveLength(group === null ? 1 : 0);
    expect(await f.store.tasks.claim(alive, [claimOf(one!)], { durable: true, suspects: true })).toHaveLength(
      group === null ? 0 : 1,
    );
  });

  test('finds claims whose worker was removed in the same moment', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const claim = claimOf(newTask());
    await f.store.tasks.claim(worker, [claim], { durable: true });
    await f.db.query('delete from workers');
    expect(await f.store.sweep.sweep()).toMatchObject({ requeued: 1 });
    expect(await f.store.tasks.get(claim.id)).toMatchObject({ state: 'QUEUED' });
  });

  test('ends waiting tasks whose time passed, also delayed ones, and drops keys that ran out', async () => {
    await using f = await fixture();
    const past = Date.now() - 1000;
    const [queued, delayed, running] = [newTask({ expiresAt: past }), newTask({ expiresAt: past }), newTask()];
    await f.store.tasks.insertQueued([queued]);
    const key = { scope: 's', key: 'k', ttlMs: -1000, fingerprint: 'f' };
    await insertOne(f.store.tasks, delayed, { delayMs: 60_000, leaseMs: 0, key });
    await f.store.tasks.claim(await f.worker(), [claimOf(running)], { durable: true });
    await f.db.query('update tasks set expires_at = now() where id = $1', [running.id]);
    expect(await f.store.sweep.sweep()).toMatchObject({ expired: 2 });
    expect(await f.store.tasks.get(queued.id)).toMatchObject({ state: 'EXPIRED' });
    expect(await f.store.tasks.get(delayed.id)).toMatchObject({ state: 'EXPIRED' });
    expect(await f.store.tasks.get(running.id)).toMatchObject({ state: 'STARTED' });
    expect(await f.db.query('select * from outbox')).toEqual([]);
    expect(await f.db.query('select * from keys')).toEqual([]);
  });

  test('keeps up: one sweep ends thousands of tasks, and drops thousands of keys', async () => {
    await using f = await fixture();
    const past = Date.now() - 1000;
    for (let batch = 0; batch < 5; batch += 1)
      await f.store.tasks.insertQueued(Array.from({ length: 500 }, () => newTask({ expiresAt: past })));
    await f.store.sweep.sweep();
    await f.db.query(`insert into keys (scope, key, task_id, fingerprint, expires_at)
      select 's', n::text, gen_random_uuid(), 'f', now() - interval '1 s' from generate_series(1, 2500) n`);
    // Soon after another one, too: keys do not wait for what is done once a minute.
    await f.store.sweep.sweep();
    expect(await f.db.query('select count(*)::int as n from tasks where finished_at is null')).toEqual([{ n: 0 }]);
    expect(await f.db.query('select count(*)::int as n from keys')).toEqual([{ n: 0 }]);
  });

  test('asks the index of expiries for them, whatever is known of the table', async () => {
    await using f = await fixture();
    const plan = async (): Promise<string> =>
      (await f.db.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${SWEEP_EXPIRED.text}`))
        .map((row) => row['QUERY PLAN'])
        .join('\n');
    expect(await plan()).toContain('tasks_expiring_idx');
    await f.store.tasks.insertQueued(Array.from({ length: 200 }, () => newTask()));
    expect(await plan()).toContain('tasks_expiring_idx');
    expect(await plan()).not.toContain('tasks_live_idx');
  });
});
