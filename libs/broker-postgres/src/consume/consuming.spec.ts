import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Delivery } from '@lovage/ports';
import { eventually, TestClock, testDatabase } from '@lovage/testing';
import { Brokers, Deliveries, message } from '../testing/brokers.ts';

describe('consuming', () => {
  test('whatever is acked, requeued or refused by whom, in whatever order: each message ends once', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const [one, two] = [await brokers.start(), await brokers.start()];
    const fate = fc.constantFrom('ack', 'ack', 'ack', 'requeue', 'refuse');
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fate, { minLength: 1, maxLength: 120 }),
        fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 })),
        async (fates, prefetches) => {
          const queue = `round-${(round += 1)}`;
          await one.declare(queue);
          const acked: string[] = [];
          const refused: string[] = [];
          const given = new Set<string>();
          const wrong: string[] = [];
          let settled!: () => void;
          const all = new Promise<void>((resolve) => (settled = resolve));
          const onDelivery = (delivery: Delivery): void => {
            const body = delivery.body.toString();
            const what = fates[Number(body)]!;
            if (delivery.redelivered !== given.has(body)) wrong.push(body);
            setImmediate(() => {
              if (what === 'requeue' && !given.has(body)) {
                given.add(body);
                return delivery.nack({ requeue: true });
              }
              if (what === 'refuse') delivery.nack({ requeue: false });
              else delivery.ack();
              (what === 'refuse' ? refused : acked).push(body);
              if (acked.length + refused.length === fates.length) settled();
            });
          };
          const consumptions = await Promise.all([
            one.consume(queue, { prefetch: prefetches[0], onDelivery }),
            two.consume(queue, { prefetch: prefetches[1], onDelivery }),
          ]);
          await Promise.all(fates.map((_, n) => one.publish(message(queue, String(n)))));
          await all;
          await Promise.all(consumptions.map((consumption) => consumption.close()));
          expect(
            acked
              .concat(refused)
              .map(Number)
              .sort((a, b) => a - b),
          ).toEqual(fates.map((_, n) => n));
          expect(wrong).toEqual([]);
          expect(await one.depth(queue)).toEqual({ ready: 0, consumers: 0 });
          expect(await one.purge('lovage.dead').catch(() => 0)).toBe(refused.length);
        },
      ),
      { numRuns: 15 },
    );
    expect(await db.query('select 1 from lovage_broker.messages')).toEqual([]);
  });

  test('one publisher and one consumer keep the order', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await broker.declare('q');
    const deliveries = new Deliveries();
    await Promise.all(Array.from({ length: 1000 }, (_, n) => broker.publish(message('q', String(n)))));
    await broker.consume('q', { prefetch: 1000, onDelivery: deliveries.onDelivery });
    const order = (await deliveries.take(1000)).map(({ body }) => Number(body.toString()));
    expect(order).toEqual(order.map((_, n) => n));
  });

  test('dead deadLetters tell where they come from, and only the newest are kept', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start({ deadLetterQueue: 'graveyard', deadLetterLimit: 3 });
    await broker.declare('q');
    const deliveries = new Deliveries();
    const consumption = await broker.consume('q', { prefetch: 1, onDelivery: deliveries.onDelivery });
    for (let n = 0; n < 5; n += 1) {
      await broker.publish(message('q', String(n), { headers: { n } }));
      (await deliveries.next()).nack({ requeue: false });
    }
    await consumption.close();
    const dead = new Deliveries();
    const last = await broker.consume('graveyard', { prefetch: 10, onDelivery: dead.onDelivery });
    const deadLetters = await dead.take(3);
    expect(deadLetters.map(({ headers }) => headers)).toEqual([2, 3, 4].map((n) => ({ n })));
    expect(new Set(deadLetters.map(({ death }) => `${death?.queue} ${death?.reason}`))).toEqual(
      new Set(['q rejected']),
    );
    // Refused once more, they are dropped.
    for (const deadLetter of deadLetters) deadLetter.nack({ requeue: false });
    await last.close();
    expect((await broker.depth('graveyard')).ready).toBe(0);
  });

  test('a queue deleted under its consumer is declared again and served', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const clock = new TestClock();
    const broker = await brokers.start({ clock });
    const other = await brokers.start();
    await broker.declare('q');
    const deliveries = new Deliveries();
    await broker.consume('q', { prefetch: 1, onDelivery: deliveries.onDelivery });
    await other.publish(message('q', 'before'));
    const stale = await deliveries.next();
    await other.deleteQueue('q');
    await expect(other.publish(message('q', 'meanwhile'))).rejects.toMatchObject({ code: 'unroutable' });
    stale.ack();
    await clock.advance(1000);
    await eventually(() => other.publish(message('q', 'after')).then(() => true));
    expect((await deliveries.next()).body.toString()).toBe('after');
  });

  test('a queue that nobody declared, or an invalid prefetch, is refused', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    const onDelivery = (): void => undefined;
    await expect(broker.consume('nowhere', { prefetch: 1, onDelivery })).rejects.toMatchObject({ code: 'unroutable' });
    await expect(broker.consume('nul\0', { prefetch: 1, onDelivery })).rejects.toMatchObject({ code: 'unroutable' });
    await broker.declare('q');
    for (const prefetch of [0, -1, 1.5, Number.NaN])
      await expect(broker.consume('q', { prefetch, onDelivery })).rejects.toThrow(RangeError);
    expect(await broker.depth('q')).toEqual({ ready: 0, consumers: 0 });
  });
});
