import { describe, expect, test } from '@jest/globals';
import type { Delivery } from '@lovage/ports';
import { eventually, testDatabase } from '@lovage/testing';
import { Brokers, message } from '../testing/brokers.ts';

describe('queues', () => {
  test('take any name that AMQP takes, and no other', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    const names = ['default', 'a.b.c', 'with space', 'quote " \' \\ {},', 'žluť 🐎', 'x'.repeat(255), '$1', '<'];
    for (const name of names) {
      await broker.declare(name);
      await broker.publish(message(name, 'x'));
      expect(await broker.depth(name)).toEqual({ ready: 1, consumers: 0 });
      expect(await broker.purge(name)).toBe(1);
    }
    await Promise.all(names.map((name) => broker.publish(message(name, 'together'))));
    for (const name of names) expect((await broker.depth(name)).ready).toBe(1);
    for (const name of ['', 'nul\0', 'x'.repeat(256), 'ž'.repeat(128)]) {
      await expect(broker.declare(name)).rejects.toMatchObject({ code: 'invalid_queue_name' });
      await expect(broker.depth(name)).rejects.toMatchObject({ code: 'unroutable' });
      await expect(broker.purge(name)).rejects.toMatchObject({ code: 'unroutable' });
      await broker.deleteQueue(name);
    }
  });

  test('tell how many of their messages are taken', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await Promise.all(['one', 'two', 'idle'].map((name) => broker.declare(name)));
    for (const name of ['one', 'one', 'one', 'two']) await broker.publish(message(name, 'x'));
    const held: Delivery[] = [];
    const consumptions = await Promise.all(
      ['one', 'two'].map((name) =>
        broker.consume(name, { prefetch: 2, onDelivery: (delivery) => void held.push(delivery) }),
      ),
    );
    await eventually(() => held.length === 3);
    const unacked = async () => Object.fromEntries(await broker.unacked(['one', 'two', 'idle', 'none', '']));
    expect(await unacked()).toEqual({ one: 2, two: 1, idle: 0 });
    await Promise.all(consumptions.map((consumption) => consumption.close()));
    expect(await unacked()).toEqual({ one: 0, two: 0, idle: 0 });
  });

  test('a declaration of what is there uses up no number', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    for (let n = 0; n < 5; n += 1) await broker.declare('first');
    await broker.declare('second');
    expect(await db.query('select id, name from lovage_broker.queues order by id')).toEqual([
      { id: 1, name: 'first' },
      { id: 2, name: 'second' },
    ]);
  });

  test('a deleted queue takes along what publishes under way still stored, and nothing else', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await broker.declare('stays');
    await broker.declare('goes');
    await broker.publish(message('stays', 'x'));
    await broker.publish(message('goes', 'x'));
    await db.query(
      `insert into lovage_broker.messages (queue_id, properties, body) values (0, '{}', ''), (4711, '{}', '')`,
    );
    await broker.deleteQueue('goes');
    expect((await broker.depth('stays')).ready).toBe(1);
    expect(await db.query('select 1 from lovage_broker.messages')).toHaveLength(1);
  });
});
