import { newId } from '@lovage/foundation';
import { PlatformDocument } from '@lovage/http-api';
import { TestGateway } from '../testing/test-gateway.ts';

test('what may need a person: a late outbox, no beat, dead letters, a broker that is away', async () => {
  await using gateway = await TestGateway.start();
  const read = async () => PlatformDocument.parse((await gateway.ask('/api/platform', { as: 'viewer' })).json());
  expect(await read()).toEqual({
    ...{ broker: 'up', outbox: { due: 0, lagSeconds: 0 }, beats: [], workers: 0, deadLetters: [] },
  });
  const { db, store } = gateway;
  const [running, silent, stopped, forgotten] = [newId(), newId(), newId(), newId()];
  for (const id of [running, silent, stopped, forgotten]) await store.beats.seen({ id, host: 'h', pid: 7 });
  await store.beats.gone(stopped);
  await db.query(`update beats set seen_at = now() - interval '21 s' where id = $1`, [silent]);
  await db.query(`update beats set seen_at = now() - interval '25 h' where id = $1`, [forgotten]);
  await store.beats.seen({ id: running, host: 'h', pid: 7 });
  expect(await db.query('select id from beats where id = $1', [forgotten])).toEqual([]);
  await db.query(`insert into outbox (task_id, turn, due_at) values ($1, 0, now() - interval '1 min')`, [newId()]);
  await db.query(
    `insert into dead_letters (id, fingerprint, queue, reason, headers, body, body_size) values ($1, 'f', 'q', 'malformed', '{}', '', 0)`,
    [newId()],
  );
  gateway.broker.become('down');
  const found = await read();
  expect(found).toMatchObject({ broker: 'down', outbox: { due: 1 }, deadLetters: [{ reason: 'malformed', n: 1 }] });
  expect(found.outbox.lagSeconds).toBeGreaterThanOrEqual(60);
  expect(found.beats).toMatchObject([
    { host: 'h', pid: 7, alive: true },
    { host: 'h', pid: 7, alive: false },
  ]);
  expect((await gateway.ask('/api/platform', { as: null })).status).toBe(401);
});
