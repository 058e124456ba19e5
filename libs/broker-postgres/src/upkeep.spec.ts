import { describe, expect, test } from '@jest/globals';
import { eventually, TestClock, testDatabase, type TestDatabase } from '@lovage/testing';
import { OnDemandConnection } from './connection/on-demand-connection.ts';
import { Queues } from './queues/queues.ts';
import { Brokers, noLog } from './testing/brokers.ts';
import { Upkeep } from './upkeep.ts';

async function upkeepOf(db: TestDatabase): Promise<{ upkeep: Upkeep; clock: TestClock } & AsyncDisposable> {
  await using brokers = new Brokers(db.url);
  await brokers.start();
  const target = { url: db.url, applicationName: 'upkeep' };
  const runner = new OnDemandConnection(target);
  const clock = new TestClock();
  const upkeep = new Upkeep({ target, runner, queues: new Queues(runner), clock, log: noLog });
  return {
    upkeep,
    clock,
    [Symbol.asyncDispose]: async () => {
      await upkeep.stop();
      await runner.close(1000);
    },
  };
}

const vacuums = async (db: TestDatabase): Promise<number> => {
  const [row] = await db.query<{ vacuum_count: string }>(
    `select vacuum_count from pg_stat_user_tables where schemaname = 'lovage_broker' and relname = 'messages'`,
  );
  return Number(row!.vacuum_count);
};

describe('upkeep', () => {
  test('vacuums after every 20,000 messages removed, and not before', async () => {
    await using db = await testDatabase({ migrated: false });
    await using kept = await upkeepOf(db);
    const { upkeep } = kept;
    upkeep.count(19_999);
    upkeep.run();
    // Nothing begun: else this would wait for it.
    await upkeep.stop();
    expect(await vacuums(db)).toBe(0);

    await using again = await upkeepOf(db);
    again.upkeep.count(20_000);
    again.upkeep.run();
    await eventually(async () => (await vacuums(db)) === 1);
  });

  test('each minute removes replies that nobody fetched and messages of deleted queues, and vacuums what little was removed', async () => {
    await using db = await testDatabase({ migrated: false });
    await using kept = await upkeepOf(db);
    const { upkeep, clock } = kept;
    await db.query(`insert into lovage_broker.replies (address, body, created_at)
      values ('gone', 'old', now() - interval '61 s'), ('gone', 'new', now())`);
    await db.query(`insert into lovage_broker.messages (queue_id, properties, body) values (4711, '{}', 'orphan')`);
    upkeep.count(1);
    upkeep.run();
    await clock.advance(59_999);
    upkeep.run();
    expect(await db.query('select 1 from lovage_broker.replies')).toHaveLength(2);
    await clock.advance(1);
    upkeep.run();
    await eventually(async () => (await vacuums(db)) === 1);
    expect(await db.query(`select convert_from(body, 'UTF8') as body from lovage_broker.replies`)).toEqual([
      { body: 'new' },
    ]);
    expect(await db.query('select 1 from lovage_broker.messages')).toEqual([]);
  });

  test('is done by a running broker', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const clock = new TestClock();
    await brokers.start({ clock });
    await db.query(
      `insert into lovage_broker.replies (address, body, created_at) values ('gone', 'old', now() - interval '61 s')`,
    );
    // Longer than a minute: beats that come before the answer to the one before are left out.
    await eventually(async () => {
      await clock.advance(1000);
      return (await db.query('select 1 from lovage_broker.replies')).length === 0;
    });
  });
});
