import pg from 'pg';
import type { SqlTransaction } from '@lovage/ports';
import { ClientFixture, plainEcho } from './testing/fixture.ts';

const ours = { value: 1 };

/** A connection in a transaction. */
async function begin(f: ClientFixture): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: f.db.url });
  await client.connect();
  await client.query('begin');
  return client;
}

/** What the relay would send now. */
const due = (f: ClientFixture) => f.store.outbox.leaseDue({ withinMs: 0, leaseMs: 60_000, limit: 10 });

describe('submitIn', () => {
  test('committed: the task is there with its message, though its client was gone by then', async () => {
    await using f = await ClientFixture.open();
    await f.broker.declare('default');
    const client = f.client();
    const tx = await begin(f);
    const handle = await client.client({ echo: plainEcho }).echo.submitIn(tx, ours);
    expect(handle).toMatchObject({ fresh: true, submitted: { state: 'PENDING' } });
    await client.stop();
    expect(await due(f)).toEqual([]);
    await tx.query('commit');
    await tx.end();
    expect(await due(f)).toMatchObject([{ taskId: handle.id, generation: 0, task: { input: ours } }]);
    expect(f.received).toEqual([]);
  });

  test('rolled back: it never was, and callers that wait for it are told', async () => {
    await using f = await ClientFixture.open();
    const client = f.client();
    const tx = await begin(f);
    const handle = await client.submitIn(tx, plainEcho, ours);
    await tx.query('rollback');
    await tx.end();
    await expect(handle.result()).rejects.toMatchObject({ code: 'task_unknown' });
    expect(await due(f)).toEqual([]);
  });

  test('a connection that breaks is a rollback', async () => {
    await using f = await ClientFixture.open();
    const client = f.client();
    const tx = await begin(f);
    tx.on('error', () => undefined);
    const handle = await client.submitIn(tx, plainEcho, ours);
    const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
    await f.db.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
    await expect(handle.state()).rejects.toMatchObject({ code: 'task_unknown' });
    await tx.end().catch(() => undefined);
  });

  test('its reply comes to the client that submitted it', async () => {
    await using f = await ClientFixture.open();
    const client = f.client();
    const tx = await begin(f);
    const handle = await client.submitIn(tx, plainEcho, ours);
    await tx.query('commit');
    await tx.end();
    const result = handle.result();
    await f.end(handle.id, 'SUCCESS', { result: 'done' });
    expect(await result).toBe('done');
  });

  test('a key holds with the commit; the same key with something else is refused, and the transaction goes on', async () => {
    await using f = await ClientFixture.open();
    const client = f.client();
    const options = { idempotencyKey: 'order-7' };
    const tx = await begin(f);
    const first = await client.submitIn(tx, plainEcho, ours, options);
    const again = await client.submitIn(tx, plainEcho, ours, options);
    expect(again).toMatchObject({ id: first.id, fresh: false });
    const other = client.submitIn(tx, plainEcho, { value: 2 }, options);
    await expect(other).rejects.toMatchObject({ code: 'idempotency_key_reused' });
    await tx.query('commit');
    await tx.end();
    expect(await client.submit(plainEcho, ours, options)).toMatchObject({ id: first.id, fresh: false });
    expect(await due(f)).toHaveLength(1);
  });

  test('bad input and what is no transaction are refused before anything is sent to it', async () => {
    await using f = await ClientFixture.open();
    const client = f.client();
    const asked: unknown[] = [];
    const tx = { query: (...all: unknown[]) => Promise.resolve({ rows: asked.splice(asked.length, 0, all) }) };
    const bad = (input: unknown, options?: object) => client.submitIn(tx, plainEcho, input as typeof ours, options);
    await expect(bad({ x: 1 })).rejects.toMatchObject({ code: 'input_invalid' });
    await expect(bad(ours, { delay: -1 })).rejects.toMatchObject({ option: 'delay' });
    const pool = new pg.Pool({ connectionString: f.db.url });
    for (const none of [pool, {}, null])
      await expect(client.submitIn(none as unknown as SqlTransaction, plainEcho, ours)).rejects.toMatchObject({
        ...{ code: 'submit_options_invalid', option: 'transaction' },
      });
    await pool.end();
    expect(asked).toEqual([]);
  });
});
