import { z } from 'zod';
import { newId } from '@lovage/foundation';
import { defineTask, type TaskOptions } from '@lovage/task';
import { eventually, revokeOne } from '@lovage/testing';
import { echo, Fixture } from '../testing/fixture.ts';

/** A contract that came with a later release. */
const later = (defaults: TaskOptions = {}) =>
  defineTask({ name: 'test.later', input: z.strictObject({ value: z.unknown() }), output: z.unknown(), defaults });

interface Passed {
  generation: number;
  times: number;
  since: number | null;
}

async function passedOn(f: Fixture, id: string): Promise<Passed | undefined> {
  const [row] = await f.db.query<{ passed_on: Passed | null }>('select passed_on from tasks where id = $1', [id]);
  return row?.passed_on ?? undefined;
}

describe('a task whose contract this worker does not serve', () => {
  test('goes to the worker that does, and no attempt is counted', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(echo(), () => 'old');
    const first = await f.send(0, { name: 'test.later' });
    await eventually(() => passedOn(f, first));
    await f.worker(later(), (_, task) => ({ attempt: task.attempt }));
    const ids = [first];
    for (let i = 1; i <= 40; i += 1) ids.push(await f.send(i, { name: 'test.later' }));
    await f.store.sweep.sweep();
    for (const id of ids) {
      expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: { attempt: 1 }, worker: 'worker-2@test' });
      expect(await f.db.query('select * from attempts where task_id = $1', [id])).toEqual([]);
    }
    expect(f.log.entries.filter(({ fields }) => fields['contract'] === 'test.later')).toMatchObject([
      { level: 'warn', fields: { reason: 'not_served', queue: 'default' } },
      { level: 'info', fields: { reason: 'not_served' } },
    ]);
  });

  test('waits with growing pauses while nobody serves it, and starts at once when a worker comes that does', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(echo(), () => 1);
    await f.store.sweep.sweep();
    const id = await f.send(1, { name: 'test.later' });
    await eventually(() => passedOn(f, id));
    const pauses = [await pauseOf(f, id)];
    for (const waited of [10, 60, 3600]) {
      await f.db.query(
        `update tasks set passed_on = jsonb_set(passed_on::jsonb, '{since}', to_jsonb(extract(epoch from now()) * 1000 - $2::float8))
         where id = $1`,
        [id, waited * 1000],
      );
      const { times } = (await passedOn(f, id))!;
      await f.db.query('update outbox set due_at = now() where task_id = $1', [id]);
      await eventually(async () => ((await passedOn(f, id))!.times > times ? true : undefined));
      pauses.push(await pauseOf(f, id));
    }
    expect(pauses[0]).toBeLessThanOrEqual(1.25);
    expect(pauses[1]).toBeGreaterThan(6);
    expect(pauses[2]).toBeGreaterThan(40);
    expect(pauses[3]).toBeGreaterThan(400);
    expect(pauses[3]).toBeLessThanOrEqual(750);
    await f.worker(later(), () => 'done');
    expect(await f.store.sweep.sweep()).toMatchObject({ served: 1 });
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'done', retries: 0, suspected: 0 });
  });

  test('is in no hot loop while its worker is busy', async () => {
    await using f = await Fixture.open();
    f.relay();
    // It lives and serves it, and takes nothing.
    await f.db.query(
      `insert into workers (id, name, lease_until, info, serves) values ('019ac000-0000-7000-8000-000000000000', 'busy', now() + interval '1 h',
        '{"queues":["default"]}', '[{"name":"test.later","version":1,"fingerprint":null}]')`,
    );
    await f.worker(echo(), () => 1);
    const id = await f.send(1, { name: 'test.later' });
    await eventually(async () => ((await passedOn(f, id))?.times === 4 ? true : undefined));
    expect(await passedOn(f, id)).toMatchObject({ since: null });
    expect(await pauseOf(f, id)).toBeGreaterThan(0.25);
  });

  test.each(['full', 'final', 'none'] as const)('record %s: it runs where it is served', async (record) => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(echo(), () => 1);
    const id = await f.send(1, { name: 'test.later' });
    await eventually(() => passedOn(f, id));
    await f.worker(later({ record }), () => 'done');
    await f.store.sweep.sweep();
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'done' });
  });

  test('revoked or expired while it waits, it ends so, and its caller hears of it', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(echo(), () => 1);
    const id = await f.send(1, { name: 'test.later' });
    await eventually(() => passedOn(f, id));
    expect(await revokeOne(f.store.tasks, id, { actor: null, reason: 'wrong' })).toMatchObject({ kind: 'revoked' });
    expect(await f.db.query('select * from outbox')).toEqual([]);
    const late = await f.send(1, { name: 'test.later', newTask: { expiresAt: Date.now() - 1000 } });
    expect(await f.ended(late)).toMatchObject({ state: 'EXPIRED' });
    const replied = f.replied.next(({ taskId }) => taskId === id);
    await f.send(1, { id, name: 'test.later' });
    expect(await replied).toMatchObject({ status: 'REVOKED' });
  });

  test('without a row: after its time it ends, the caller is told, the message is a dead letter', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(echo(), () => 1, { unservedRowless: '50ms' });
    const replied = f.replied.next();
    const id = newId();
    await f.sendAsCelery(id, 'test.misspelt');
    expect(await replied).toMatchObject({ taskId: id, status: 'FAILURE', error: { type: 'NotRegistered' } });
    expect(await f.store.tasks.get(id)).toMatchObject({
      state: 'FAILURE',
      name: 'test.misspelt',
      error: { type: 'NotRegistered' },
    });
    await eventually(async () => f.broker.dead.length > 0);
    expect(f.broker.dead).toMatchObject([{ queue: 'default', headers: { id } }]);
    expect(await f.ready()).toBe(0);
    const unrecorded = await f.send(1, { name: 'test.later', rowless: true });
    expect(await f.ended(unrecorded)).toMatchObject({ state: 'FAILURE', error: { type: 'NotRegistered' } });
    // The claim's to make, or the producer's: it has a row all the same, and waits for ever.
    const waiting = await f.send(1, { name: 'test.later' });
    await eventually(() => passedOn(f, waiting));
    expect(await passedOn(f, waiting)).toMatchObject({ rowless: false });
  });

  test('with a row it waits for ever, unless a setting says how long', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(echo(), () => 1, { unserved: '50ms' });
    const replied = f.replied.next();
    const id = await f.send(1, { name: 'test.later' });
    expect(await f.ended(id)).toMatchObject({ state: 'FAILURE', error: { type: 'NotRegistered' } });
    expect(await replied).toMatchObject({ taskId: id, status: 'FAILURE', error: { type: 'NotRegistered' } });
  });

  test('claimed by a dead worker, it is left to the sweep', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), () => 1);
    const id = await f.send(1, { name: 'test.later' });
    await eventually(() => passedOn(f, id));
    await f.db.query(
      `update tasks set claim_worker = '019ac000-0000-7000-8000-000000000000', claim_no = 1, state = 'STARTED' where id = $1`,
      [id],
    );
    await f.db.query('delete from outbox');
    await f.send(1, { id, name: 'test.later', generation: 1, hasRow: true });
    await eventually(async () => ((await f.ready()) === 0 ? true : undefined));
    await f.store.sweep.sweep();
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', suspected: 1 });
  });
});

/** Until its message is due, s. */
async function pauseOf(f: Fixture, id: string): Promise<number> {
  const [row] = await f.db.query<{ s: number }>(
    'select extract(epoch from due_at - now())::float8 as s from outbox where task_id = $1',
    [id],
  );
  return row!.s;
}
