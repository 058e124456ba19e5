import { MAX_STEPS } from '@lovage/ports';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

/** A task that a living worker runs, and the claim to record steps under. */
async function running(f: StoreFixture) {
  const worker = await f.worker();
  const item = claimOf(newTask());
  await f.store.tasks.claim(worker, [item], { durable: true });
  return { id: item.id, worker: worker.id, claimNo: item.claimNo };
}

describe('steps', () => {
  test('what is kept is found, as it was given', async () => {
    await using f = await fixture();
    const claim = await running(f);
    const json = '{"text":"a\\u0000\\"b","n":1e3}';
    expect(await f.store.steps.find(claim.id, 'charge')).toBeUndefined();
    expect(await f.store.steps.keep(claim, 'charge', json)).toEqual({ kind: 'kept', value: json });
    expect(await f.store.steps.keep(claim, 'nothing', 'null')).toEqual({ kind: 'kept', value: 'null' });
    expect(await f.store.steps.find(claim.id, 'charge')).toBe(json);
    expect(await f.store.steps.find(claim.id, 'nothing')).toBe('null');
    expect(await f.store.steps.find(claim.id, 'other')).toBeUndefined();
  });

  test('the first to record a step wins, also when many do at once; all get its value', async () => {
    await using f = await fixture();
    const claim = await running(f);
    const all = await Promise.all(Array.from({ length: 8 }, (_, n) => f.store.steps.keep(claim, 'charge', String(n))));
    const stands = await f.store.steps.find(claim.id, 'charge');
    expect(all).toEqual(all.map(() => ({ kind: 'kept', value: stands })));
    expect(await f.store.steps.keep(claim, 'charge', '"late"')).toEqual({ kind: 'kept', value: stands });
  });

  test('a stale claim records nothing: over, taken over, or of another number', async () => {
    await using f = await fixture();
    const claim = await running(f);
    const { store } = f;
    expect(await store.steps.keep({ ...claim, claimNo: claim.claimNo + 1 }, 'a', '1')).toEqual({ kind: 'stale' });
    const heir = await f.worker();
    const from = { worker: claim.worker, claimNo: claim.claimNo };
    await store.tasks.takeOver(heir, { id: claim.id, claimNo: 9_000_001, from, suspects: true });
    expect(await store.steps.keep(claim, 'a', '1')).toEqual({ kind: 'stale' });
    const taken = { id: claim.id, worker: heir.id, claimNo: 9_000_001 };
    expect(await store.steps.keep(taken, 'a', '2')).toEqual({ kind: 'kept', value: '2' });
    await store.tasks.record(heir.id, [{ ...taken, state: 'SUCCESS', result: '1', error: null }]);
    expect(await store.steps.keep(taken, 'b', '3')).toEqual({ kind: 'stale' });
    expect(await f.db.query('select key, value from steps')).toEqual([{ key: 'a', value: 2 }]);
  });

  test('so many and no more; those that are there go on', async () => {
    await using f = await fixture();
    const claim = await running(f);
    await f.db.query("insert into steps (task_id, key, value) select $1, 'k' || n, '1' from generate_series(1, $2) n", [
      claim.id,
      MAX_STEPS,
    ]);
    expect(await f.store.steps.keep(claim, 'one more', '2')).toEqual({ kind: 'full' });
    expect(await f.store.steps.keep(claim, 'k7', '2')).toEqual({ kind: 'kept', value: '1' });
  });

  test('they go with their task', async () => {
    await using f = await fixture();
    const [gone, stays] = [await running(f), await running(f)];
    for (const claim of [gone, stays]) await f.store.steps.keep(claim, 'a', '1');
    await f.db.query(
      "update tasks set state = 'SUCCESS', claim_worker = null, finished_at = now() - interval '2 d' where id = $1",
      [gone.id],
    );
    const day = 86_400_000;
    const byState = { SUCCESS: day, FAILURE: day, REVOKED: day, EXPIRED: day, DEAD: day };
    await f.store.retention.pruneTasks({ byState, byName: new Map() }, { limit: 10 }).next();
    expect(await f.db.query('select task_id from steps')).toEqual([{ task_id: stays.id }]);
  });
});
