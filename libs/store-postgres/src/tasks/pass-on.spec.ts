import type { PassOnItem } from '@lovage/ports';
import { revokeOne } from '@lovage/testing';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const FOR_EVER = { mostMs: null, mostRowlessMs: null };

function item(overrides: Partial<PassOnItem> = {}): PassOnItem {
  return {
    task: newTask(),
    generation: 0,
    hadRow: false,
    reason: 'not_served',
    need: {},
    waits: true,
    rowless: false,
    ...overrides,
  };
}

/** A live worker of the queue `default`. `serves`: as its row tells; null: of an older release. */
async function serving(f: StoreFixture, serves: unknown, info: unknown = { queues: ['default'] }): Promise<void> {
  const { id } = await f.worker();
  await f.db.query('update workers set serves = $2, info = $3 where id = $1', [
    id,
    serves === null ? null : JSON.stringify(serves),
    JSON.stringify(info),
  ]);
}

const passOne = async (f: StoreFixture, one: PassOnItem) => (await f.store.tasks.passOn([one], FOR_EVER))[0];

describe('passing tasks on', () => {
  test('who serves one: its queue, its contract, its version and its schema decide', async () => {
    await using f = await fixture();
    const name = 'test.task';
    await serving(f, [{ name, version: 2, fingerprint: 'aa' }]);
    await serving(f, [{ name, version: 9, fingerprint: 'zz' }], { queues: ['elsewhere'] });
    const cases: [Partial<PassOnItem>, unserved: boolean][] = [
      [{}, false],
      [{ task: newTask({ name: 'test.other' }) }, true],
      [{ task: newTask({ queue: 'nobodys' }) }, true],
      [{ need: { version: 2 } }, false],
      [{ need: { version: 3 } }, true],
      [{ need: { fingerprint: 'aa' } }, false],
      [{ need: { fingerprint: 'bb' } }, true],
    ];
    const items = cases.map(([overrides]) => item(overrides));
    const passed = new Map((await f.store.tasks.passOn(items, FOR_EVER)).map((one) => [one.id, one]));
    expect(items.map(({ task }) => passed.get(task.id))).toEqual(
      cases.map(([, unserved], i) => ({ id: items[i]!.task.id, unserved, over: false })),
    );
    await serving(f, null, { queues: ['default', 'nobodys'], contracts: ['test.other'] });
    expect(await f.store.sweep.sweep()).toMatchObject({ served: 1 });
    expect(await passOne(f, item({ need: { version: 3 } }))).toMatchObject({ unserved: true });
    await serving(f, null, { queues: ['default'] });
    expect(await passOne(f, item({ need: { version: 3 } }))).toMatchObject({ unserved: false });
    expect(await passOne(f, item({ need: { fingerprint: 'bb' } }))).toMatchObject({ unserved: true });
  });

  test('a claim goes with it, and the slot of its limit; no attempt is counted', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const claim = claimOf(newTask());
    await f.store.tasks.claim(worker, [claim], { durable: false });
    await f.db.query(`update tasks set limit_key = 'concurrency:test.task' where id = $1`, [claim.id]);
    await f.db.query(
      `insert into limit_keys (key, contract, declared) values ('concurrency:test.task', 'test.task', 1)`,
    );
    await f.db.query(`insert into limit_slots (task_id, limit_key) values ($1, 'concurrency:test.task')`, [claim.id]);
    const mine = { worker: worker.id, no: claim.claimNo };
    const one = item({ task: claim.task, limitKey: 'concurrency:test.task', claim: mine, reason: 'other_schema' });
    expect(await passOne(f, { ...one, claim: { ...mine, no: mine.no + 1 } })).toBeUndefined();
    expect(await passOne(f, { ...one, claim: undefined })).toBeUndefined();
    expect(await passOne(f, one)).toEqual({ id: claim.id, unserved: true, over: false });
    expect(await f.store.tasks.claimStates([claim.id])).toMatchObject([
      { claimWorker: null, row: { state: 'QUEUED', generation: 1, retries: 0 } },
    ]);
    expect(await f.db.query('select * from attempts')).toEqual([]);
    expect(await f.db.query('select * from limit_slots')).toEqual([]);
    expect(await f.db.query('select turn as generation, unserved from outbox')).toEqual([
      { generation: 1, unserved: true },
    ]);
  });

  test('one that may not wait is left as it is while nobody serves it', async () => {
    await using f = await fixture();
    const one = item({ waits: false, need: { fingerprint: 'bb' } });
    expect(await passOne(f, one)).toEqual({ id: one.task.id, unserved: true, over: true });
    expect(await f.db.query('select * from tasks')).toEqual([]);
    await serving(f, [{ name: 'test.task', version: 1, fingerprint: 'bb' }]);
    expect(await passOne(f, one)).toEqual({ id: one.task.id, unserved: false, over: false });
  });

  test('a message that is not the valid one passes nothing on', async () => {
    await using f = await fixture();
    const one = item();
    await passOne(f, one);
    expect(await passOne(f, one)).toBeUndefined();
    expect(await passOne(f, item({ hadRow: true }))).toBeUndefined();
    expect(await passOne(f, { ...one, generation: 1, hadRow: true })).toMatchObject({ id: one.task.id });
    // A Python producer's says nothing of generations: it always is, and takes the place of what waits in the outbox.
    expect(await passOne(f, { ...one, generation: -1 })).toMatchObject({ id: one.task.id });
    expect(await f.db.query('select turn as generation from outbox')).toEqual([{ generation: 3 }]);
    await revokeOne(f.store.tasks, one.task.id, { actor: null, reason: null });
    expect(await passOne(f, { ...one, generation: 3 })).toBeUndefined();
  });
});
