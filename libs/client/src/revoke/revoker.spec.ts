import { newId } from '@lovage/foundation';
import type { TaskLists, TaskPosition } from '@lovage/ports';
import { ContractRegistry } from '@lovage/task';
import { eventually, silentLog, TestClock } from '@lovage/testing';
import { LovageClient } from '../client.ts';
import { ClientFixture, plainEcho } from '../testing/fixture.ts';
import { Revoker, type RevokeReport } from './revoker.ts';

const ANA = { actor: 'ana', reason: 'mistake' };
const NONE = { revoked: 0, cancelRequested: 0, running: 0, ended: 0, unknown: 0, next: null };

/** Makes it one that a worker runs. */
const start = (f: ClientFixture, id: string) =>
  f.db.query(`update tasks set state = 'STARTED', claim_worker = $2, claim_no = 1, started_at = now() where id = $1`, [
    id,
    newId(),
  ]);
const states = async (f: ClientFixture, ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await f.store.tasks.get(id))!.state));

describe('one task', () => {
  test('that waits: who waits for it in another process is told by a reply, without a read', async () => {
    await using f = await ClientFixture.open();
    // Time stands still where it is waited for, so only a reply can tell.
    const waiting = f.client({ clock: new TestClock() });
    await f.broker.declare('default');
    const handle = await waiting.submit(plainEcho, { value: 1 });
    const refused = expect(handle.result()).rejects.toMatchObject({
      code: 'task_revoked',
      by: 'ana',
      reason: 'mistake',
    });
    await eventually(async () => (await handle.state()) === 'QUEUED');
    expect(await f.client().revoke(handle.id, ANA)).toEqual({ kind: 'revoked' });
    await refused;
  });

  test('that runs gets a cancel request, or is left alone without terminate; one that ended, and one that nobody knows, is told so', async () => {
    await using f = await ClientFixture.open();
    const lovage = f.client();
    const handle = await lovage.submit(plainEcho, { value: 1 }, { delay: '1h' });
    await start(f, handle.id);
    const cancelRequested = async () => (await f.store.tasks.get(handle.id))!.cancelAt !== null;
    expect(await handle.revoke({ terminate: false })).toMatchObject({ kind: 'running' });
    expect(await cancelRequested()).toBe(false);
    expect(await handle.revoke(ANA)).toMatchObject({ kind: 'running' });
    expect(await cancelRequested()).toBe(true);
    // The first cancel request is kept.
    await handle.revoke({ actor: 'bob' });
    expect(await f.store.tasks.get(handle.id)).toMatchObject({ cancelActor: 'ana', cancelReason: 'mistake' });
    await f.end(handle.id, 'SUCCESS');
    expect(await lovage.revoke(handle.id)).toEqual({ kind: 'terminal', state: 'SUCCESS' });
    expect(await lovage.revoke(newId())).toEqual({ kind: 'unknown' });
  });
});

describe('many tasks', () => {
  test('by their ids: counted by what became of them, an id given twice once', async () => {
    await using f = await ClientFixture.open();
    const lovage = f.client();
    const ids: string[] = [];
    for (let value = 0; value < 6; value += 1)
      ids.push((await lovage.submit(plainEcho, { value }, { delay: '1h' })).id);
    await start(f, ids[0]!);
    await f.end(ids[1]!, 'FAILURE');
    expect(await lovage.revoke([...ids, ids[5]!, newId()], { ...ANA, terminate: false })).toEqual({
      ...NONE,
      revoked: 4,
      running: 1,
      ended: 1,
      unknown: 1,
    });
    expect(await lovage.revoke(ids, ANA)).toEqual({ ...NONE, cancelRequested: 1, ended: 5 });
    expect(await states(f, ids)).toEqual(['STARTED', 'FAILURE', 'REVOKED', 'REVOKED', 'REVOKED', 'REVOKED']);
    expect(await f.outbox()).toMatchObject([{ task_id: ids[0] }, { task_id: ids[1] }]);
    expect(await lovage.revoke([])).toEqual(NONE);
  });

  test('by a filter: those that match and live, and no other', async () => {
    await using f = await ClientFixture.open();
    const lovage = f.client();
    for (const queue of ['a', 'b']) await f.broker.declare(queue);
    const submit = async (queue: string) => (await lovage.submit(plainEcho, { value: 1 }, { delay: '1h', queue })).id;
    const [mine, ended, other] = [await submit('a'), await submit('a'), await submit('b')];
    await f.end(ended, 'SUCCESS');
    expect(await lovage.revoke({ queue: 'a' }, ANA)).toEqual({ ...NONE, revoked: 1 });
    expect(await states(f, [mine, ended, other])).toEqual(['REVOKED', 'SUCCESS', 'SCHEDULED']);
    expect(await lovage.revoke({ queue: 'b', states: ['SUCCESS', 'RETRY'] }, ANA)).toEqual(NONE);
    expect(await lovage.revoke({ states: ['FAILURE'] })).toEqual(NONE);
    expect(await states(f, [other])).toEqual(['SCHEDULED']);
  });

  test('by a filter in parts: each goes on where the one before ended', async () => {
    await using f = await ClientFixture.open();
    const lovage = f.client();
    for (let value = 0; value < 25; value += 1) await lovage.submit(plainEcho, { value }, { delay: '1h' });
    let after: TaskPosition | undefined;
    const seen: number[] = [];
    do {
      const report: RevokeReport = await lovage.revoke({ name: 'test.echo' }, { ...ANA, limit: 10, after });
      seen.push(report.revoked);
      after = report.next ?? undefined;
    } while (after);
    expect(seen).toEqual([10, 10, 5]);
    expect(await f.db.query(`select count(*)::int as n from tasks where state = 'REVOKED'`)).toEqual([{ n: 25 }]);
  });

  test('by a filter within a time: what is done by then stays done, and the rest is named', async () => {
    await using f = await ClientFixture.open();
    const ids: string[] = [];
    for (let value = 0; value < 3; value += 1)
      ids.push((await f.client().submit(plainEcho, { value }, { delay: '1h' })).id);
    const clock = new TestClock();
    // Pages of one, each of which takes a second.
    const lists: Pick<TaskLists, 'list'> = {
      list: async (filter, page) => {
        await clock.advance(1000);
        return f.store.lists.list(filter, { ...page, limit: 1 });
      },
    };
    const { tasks } = f.store;
    const revoker = new Revoker({ tasks, lists, broker: f.broker, watches: { check: () => undefined }, clock });
    const report = await revoker.matching({}, { ...ANA, timeLimitMs: 1500 });
    expect(report).toEqual({ ...NONE, revoked: 2, next: { at: expect.any(Number), id: ids[1] } });
    expect(await revoker.matching({}, { ...ANA, after: report.next! })).toEqual({ ...NONE, revoked: 1 });
  });

  test('by a filter needs lists', async () => {
    await using f = await ClientFixture.open();
    const { tasks, outbox } = f.store;
    const contracts = new ContractRegistry([plainEcho]);
    const lovage = new LovageClient({ broker: f.broker, tasks, outbox, contracts, log: silentLog });
    await expect(lovage.revoke({ queue: 'a' })).rejects.toThrow(/without lists/);
    await lovage.stop();
  });
});
