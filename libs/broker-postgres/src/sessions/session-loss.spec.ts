import { describe, expect, test } from '@jest/globals';
import type { BrokerState } from '@lovage/ports';
import { eventually, TcpProxy, TestClock, testDatabase, type TestDatabase } from '@lovage/testing';
import type { PostgresBroker } from '../postgres-broker.ts';
import { Brokers, Deliveries, message } from '../testing/brokers.ts';

function next(broker: PostgresBroker, state: BrokerState): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = broker.onStateChange((now) => {
      if (now !== state) return;
      unsubscribe();
      resolve();
    });
  });
}

/** Ends the connections that hold locks of sessions, as an administrator would. */
async function killSessions(db: TestDatabase): Promise<void> {
  const killed = await db.query(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 2
     and database = (select oid from pg_database where datname = current_database())`,
  );
  expect(killed).not.toHaveLength(0);
}

describe('a lost session', () => {
  test('what it held comes again, under a new session; settling the old deliveries does nothing', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await broker.declare('q');
    const deliveries = new Deliveries();
    await broker.consume('q', { prefetch: 10, onDelivery: deliveries.onDelivery });
    await broker.publish(message('q', 'one'));
    const stale = await deliveries.next();
    const before = await db.query<{ taken_by: number }>('select taken_by from lovage_broker.messages');

    const back = next(broker, 'up');
    await killSessions(db);
    await back;
    const again = await deliveries.next();
    expect(again.redelivered).toBe(true);
    const after = await db.query<{ taken_by: number }>('select taken_by from lovage_broker.messages');
    expect(after[0]!.taken_by).not.toBe(before[0]!.taken_by);
    stale.ack();
    stale.nack({ requeue: false });
    // Behind it on the same connection: once this one is gone, the stale settlements would have been carried out too.
    await broker.publish(message('q', 'two'));
    const two = await deliveries.next();
    two.ack();
    await eventually(async () => (await db.query('select 1 from lovage_broker.messages')).length === 1);
    again.ack();
    await eventually(async () => (await db.query('select 1 from lovage_broker.messages')).length === 0);
  });

  test('does not disturb publishes on their own connection', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await broker.declare('q');
    await broker.publish(message('q', 'warm'));
    const back = next(broker, 'up');
    await killSessions(db);
    await back;
    await broker.publish(message('q', 'after'));
    expect((await broker.depth('q')).ready).toBe(2);
  });

  test('a server gone silent is given up after silenceMs, and taken up again when it speaks', async () => {
    await using db = await testDatabase({ migrated: false });
    await using proxy = await TcpProxy.before(db.url);
    await using brokers = new Brokers(proxy.url);
    const clock = new TestClock();
    const broker = await brokers.start({ clock, silenceMs: 5000 });
    await broker.declare('q');
    await broker.publish(message('q', 'warm'));
    proxy.blackhole();
    const inFlight = broker.publish(message('q', 'in flight')).catch((error: { code: string }) => error.code);
    const down = next(broker, 'down');
    for (let second = 0; second < 5; second += 1) await clock.advance(1000);
    expect(broker.state).toBe('up');
    await clock.advance(2000);
    await down;
    expect(await inFlight).toBe('confirm_lost');
    await proxy.heal();
    await eventually(async () => {
      await clock.advance(500);
      return broker.state === 'up';
    });
    await broker.publish(message('q', 'after'));
  });

  test('a message whose notification is lost comes with the next poll', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const clock = new TestClock();
    const broker = await brokers.start({ clock });
    await broker.declare('q');
    const deliveries = new Deliveries();
    await broker.consume('q', { prefetch: 10, onDelivery: deliveries.onDelivery });
    await broker.publish(message('q', 'notified'));
    (await deliveries.next()).ack();
    await db.query(
      `insert into lovage_broker.messages (queue_id, properties, body) select id, '{"headers":{}}', 'quiet' from lovage_broker.queues where name = 'q'`,
    );
    // A round trip on the consumer's connection: had anything told it, it would have taken the message by now.
    await broker.publish(message('q', 'other'));
    const first = await deliveries.take(2);
    expect(first.map(({ body }) => body.toString())).toEqual(['quiet', 'other']);
    await db.query(
      `insert into lovage_broker.messages (queue_id, properties, body) select id, '{"headers":{}}', 'alone' from lovage_broker.queues where name = 'q'`,
    );
    expect(deliveries.left).toBe(0);
    await clock.advance(1000);
    expect((await deliveries.next()).body.toString()).toBe('alone');
  });

  test('messages of a session that is dead are counted as waiting, and its row goes', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await broker.declare('q');
    await broker.publish(message('q', 'held by the dead'));
    await db.query(`with dead as (insert into lovage_broker.sessions (application) values ('dead') returning id),
      entry as (insert into lovage_broker.consumptions (session_id, no, queue) select id, 1, 'q' from dead)
      update lovage_broker.messages set taken_by = dead.id from dead`);
    expect(await broker.depth('q')).toEqual({ ready: 1, consumers: 0 });
    expect(await db.query(`select 1 from lovage_broker.sessions where application = 'dead'`)).toEqual([]);
  });

  test('a stopped broker leaves no session, consumption or taken message behind', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await broker.declare('q');
    await broker.publish(message('q', 'x'));
    const deliveries = new Deliveries();
    const consumption = await broker.consume('q', { prefetch: 10, onDelivery: deliveries.onDelivery });
    await deliveries.next();
    await consumption.cancel();
    await broker.stop();
    expect(await db.query('select 1 from lovage_broker.sessions')).toEqual([]);
    expect(await db.query('select 1 from lovage_broker.consumptions')).toEqual([]);
    expect(await db.query('select taken_by, redelivered from lovage_broker.messages')).toEqual([
      { taken_by: null, redelivered: true },
    ]);
  });
});
