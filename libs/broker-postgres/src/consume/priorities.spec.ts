import { randomInt } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { testDatabase } from '@lovage/testing';
import { Brokers, Deliveries, message } from '../testing/brokers.ts';

const body = ({ body }: { body: Buffer }) => body.toString();

describe('priorities', () => {
  test('what waits comes by priority, then by age, whatever its number and how it was published', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await broker.declare('q');
    const sent = Array.from({ length: 300 }, (_, n) => ({
      n,
      priority: [undefined, ...Array(10).keys()][randomInt(11)],
    }));
    await Promise.all(sent.map(({ n, priority }) => broker.publish(message('q', String(n), { priority }))));
    const expected = sent.toSorted((a, b) => (b.priority ?? 4) - (a.priority ?? 4) || a.n - b.n).map(({ n }) => `${n}`);
    const deliveries = new Deliveries();
    await broker.consume('q', { prefetch: 300, onDelivery: deliveries.onDelivery });
    expect((await deliveries.take(300)).map(body)).toEqual(expected);
  });

  test('what is more urgent overtakes within its level, also what was requeued', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await broker.declare('q');
    const publish = (...priorities: number[]) =>
      Promise.all(priorities.map((priority) => broker.publish(message('q', String(priority), { priority }))));
    await publish(7, 7, 8);
    const deliveries = new Deliveries();
    await broker.consume('q', { prefetch: 1, onDelivery: deliveries.onDelivery });
    const first = await deliveries.next();
    expect(body(first)).toBe('8');
    await publish(9, 7, 8);
    // Once this one is here, the consumer has been told of those.
    await publish(4);
    (await deliveries.next()).ack();
    first.nack({ requeue: true });
    const order: string[] = [];
    while (order.length < 6) {
      const delivery = await deliveries.next();
      order.push(body(delivery));
      delivery.ack();
    }
    expect(order).toEqual(['9', '8', '8', '7', '7', '7']);
  });

  test('a role that may not use the sequence is refused a priority, and nothing else', async () => {
    await using db = await testDatabase({ migrated: false });
    await using owners = new Brokers(db.url);
    await (await owners.start()).declare('q');
    const role = `lovage_test_${randomInt(2 ** 40)}`;
    await db.query(`create role ${role} login password 'secret'`);
    try {
      await db.query(`grant usage on schema lovage_broker to ${role}`);
      await db.query(`grant select, insert, update, delete on all tables in schema lovage_broker to ${role}`);
      const url = new URL(db.url);
      [url.username, url.password] = [role, 'secret'];
      await using brokers = new Brokers(url.toString());
      const broker = await brokers.start();
      const [refused, plain] = await Promise.allSettled([
        broker.publish(message('q', 'x', { priority: 9 })),
        broker.publish(message('q', 'y')),
      ]);
      expect(plain.status).toBe('fulfilled');
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'publish_refused' } });
      await db.query(`grant usage on sequence lovage_broker.messages_id_seq to ${role}`);
      await broker.publish(message('q', 'x', { priority: 9 }));
      expect((await broker.depth('q')).ready).toBe(2);
      await broker.stop();
    } finally {
      await db.query(`drop owned by ${role}`);
      await db.query(`drop role ${role}`);
    }
  });
});
