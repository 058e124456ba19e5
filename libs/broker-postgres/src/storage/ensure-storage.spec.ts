import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { TestClock, testDatabase } from '@lovage/testing';
import { Brokers, Deliveries, message } from '../testing/brokers.ts';

describe('storage of the embedded broker', () => {
  test('is made once by several brokers that start at the same moment', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    await Promise.all(Array.from({ length: 6 }, () => brokers.start()));
    expect(await db.query('select version from lovage_broker.storage')).toEqual([{ version: 1 }]);
  });

  test('lies outside the schema that Prisma manages, and keeps what it holds over restarts', async () => {
    await using db = await testDatabase();
    const tables = `select count(*)::int as n from pg_tables where schemaname = 'public'`;
    const before = await db.query(tables);
    await using brokers = new Brokers(db.url);
    const first = await brokers.start();
    await first.declare('q');
    await first.publish(message('q', 'kept'));
    await first.stop();
    expect(await db.query(tables)).toEqual(before);
    const second = await brokers.start();
    expect((await second.depth('q')).ready).toBe(1);
  });

  test('of a newer version is left alone, with a word on what to do', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    await (await brokers.start()).stop();
    await db.query('update lovage_broker.storage set version = 99');
    await expect(brokers.start()).rejects.toMatchObject({
      code: 'broker_storage_too_new',
      message: expect.stringContaining('upgrade'),
    });
  });

  test('once made takes no right to make schemas', async () => {
    await using db = await testDatabase({ migrated: false });
    const role = `lovage_test_${randomBytes(5).toString('hex')}`;
    await db.query(`create role ${role} login password 'secret'`);
    try {
      const url = new URL(db.url);
      [url.username, url.password] = [role, 'secret'];
      await using brokers = new Brokers(url.toString());
      await expect(brokers.start()).rejects.toMatchObject({ code: 'broker_unavailable' });
      await using owner = new Brokers(db.url);
      await owner.start();
      await db.query(`grant usage on schema lovage_broker to ${role}`);
      await db.query(`grant select, insert, update, delete on all tables in schema lovage_broker to ${role}`);
      const broker = await brokers.start();
      await broker.declare('q');
      await broker.publish(message('q', 'x'));
      expect((await broker.depth('q')).ready).toBe(1);
      await broker.stop();
    } finally {
      await db.query(`drop owned by ${role}`);
      await db.query(`drop role ${role}`);
    }
  });

  test('that somebody drops under a running broker is made again', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const clock = new TestClock();
    const broker = await brokers.start({ clock });
    await broker.declare('q');
    const deliveries = new Deliveries();
    await broker.consume('q', { prefetch: 1, onDelivery: deliveries.onDelivery });
    await db.query('drop schema lovage_broker cascade');
    const up = new Promise<void>((resolve) => broker.onStateChange((state) => state === 'up' && resolve()));
    const down = new Promise<void>((resolve) => broker.onStateChange((state) => state === 'down' && resolve()));
    await clock.advance(1000);
    await down;
    await clock.advance(2000);
    await up;
    await broker.publish(message('q', 'after'));
    expect((await deliveries.next()).body.toString()).toBe('after');
  });

  test('hopeless URLs fail at once, not after the whole patience', async () => {
    await using db = await testDatabase({ migrated: false });
    const url = new URL(db.url);
    url.pathname = '/no_such_database';
    await using brokers = new Brokers(url.toString());
    await expect(brokers.start({ connectTimeoutMs: 600_000 })).rejects.toMatchObject({ code: 'broker_unavailable' });
  });
});
