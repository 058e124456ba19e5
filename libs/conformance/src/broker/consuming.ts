import { describe, expect, it } from '@jest/globals';
import type { Broker, Delivery } from '@lovage/ports';
import { untilHolds } from '../until-holds.ts';
import { bodies, message, publishAll, type Bench } from './bench.ts';
import { text, texts } from './delivery-inbox.ts';

/**
 * Proof that nothing but `expected` is left: a marker is published behind, and all up to it is consumed.
 * Waiting a while for a delivery that must not come would prove less and take longer.
 */
async function expectLeft(bench: Bench, broker: Broker, queue: string, expected: readonly string[]): Promise<void> {
  await broker.publish(message(queue, 'marker'));
  const { inbox, consumption } = await bench.consume(broker, queue, expected.length + 10);
  const deliveries = await inbox.take(expected.length + 1);
  expect(texts(deliveries)).toEqual([...expected, 'marker'].sort());
  for (const delivery of deliveries) delivery.ack();
  await consumption.close();
  expect(inbox.received).toHaveLength(expected.length + 1);
  expect((await broker.depth(queue)).ready).toBe(0);
}

/** Takes this message out of a queue where others may stand too: those are held until it comes, and go back. */
async function takeFrom(bench: Bench, broker: Broker, queue: string, body: string): Promise<Delivery> {
  const { inbox, consumption } = await bench.consume(broker, queue, 5000);
  for (;;) {
    const delivery = await inbox.next();
    if (text(delivery) !== body) continue;
    delivery.ack();
    await consumption.close();
    return delivery;
  }
}

export function consuming(bench: Bench): void {
  describe('consuming', () => {
    it('never holds more unacked than the prefetch, and brings the next for each ack', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(100));
      let held = 0;
      let most = 0;
      let seen = 0;
      const all = new Promise<void>((resolve) => {
        const held_: (() => void)[] = [];
        void broker.consume(queue, {
          prefetch: 7,
          onDelivery: (delivery) => {
            held += 1;
            seen += 1;
            most = Math.max(most, held);
            held_.push(() => {
              held -= 1;
              delivery.ack();
            });
            // Full, or the last few: settle one from the middle, so that gaps are exercised too.
            while (held_.length >= 7 || (seen === 100 && held_.length > 0)) held_.splice(held_.length >> 1, 1)[0]!();
            if (seen === 100) resolve();
          },
        });
      });
      await all;
      expect(most).toBe(7);
      await untilHolds(async () => expect((await broker.depth(queue)).ready).toBe(0));
    });

    it('holds exactly the prefetch while nothing is acked', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(10));
      const { inbox } = await bench.consume(broker, queue, 3);
      const held = await inbox.take(3);
      expect((await broker.depth(queue)).ready).toBe(7);
      held[1]!.ack();
      await inbox.next();
      expect(inbox.received).toHaveLength(4);
      expect((await broker.depth(queue)).ready).toBe(6);
    });

    it('delivers a message that comes later without being asked', async () => {
      const [broker, publisher] = [await bench.start(), await bench.start()];
      const queue = await bench.declared(broker);
      const { inbox } = await bench.consume(broker, queue, 5);
      for (const body of bodies(5)) {
        await publisher.publish(message(queue, body));
        const delivery = await inbox.next();
        expect(text(delivery)).toBe(body);
        delivery.ack();
      }
    });

    it('serves no queue that does not exist, and any that somebody else declared', async () => {
      const [broker, other] = [await bench.start(), await bench.start()];
      const queue = bench.unusedQueue();
      await expect(bench.consume(broker, queue, 1)).rejects.toMatchObject({ code: 'unroutable', queue });
      await expect(bench.consume(broker, '', 1)).rejects.toMatchObject({ code: 'unroutable' });
      await other.declare(queue);
      const { inbox } = await bench.consume(broker, queue, 1);
      await other.publish(message(queue, 'served'));
      (await inbox.next()).ack();
      for (const prefetch of [0, -1, 1.5, Number.NaN]) {
        await expect(bench.consume(broker, queue, prefetch)).rejects.toBeInstanceOf(RangeError);
      }
    });

    it('keeps the prefetch of each consumption apart', async () => {
      const broker = await bench.start();
      const [one, two] = [await bench.declared(broker), await bench.declared(broker)];
      await publishAll(broker, one, bodies(5));
      await publishAll(broker, two, bodies(5));
      const first = await bench.consume(broker, one, 1);
      const second = await bench.consume(broker, two, 4);
      await first.inbox.take(1);
      const held = await second.inbox.take(4);
      expect((await broker.depth(one)).ready).toBe(4);
      expect((await broker.depth(two)).ready).toBe(1);
      expect(new Set(held.map((delivery) => delivery.queue))).toEqual(new Set([two]));
    });

    it('removes an acked message for good', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(20));
      const { inbox, consumption } = await bench.consume(broker, queue, 50);
      for (const delivery of await inbox.take(20)) if (text(delivery) !== 'body-7') delivery.ack();
      await consumption.close();
      await expectLeft(bench, await bench.start(), queue, ['body-7']);
    });

    it('delivers a requeued message again, flagged as redelivered', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await broker.publish(message(queue, 'again', { headers: { kept: 'yes' } }));
      const { inbox } = await bench.consume(broker, queue, 1);
      const first = await inbox.next();
      expect(first.redelivered).toBe(false);
      expect(first.death).toBeUndefined();
      first.nack({ requeue: true });
      const second = await inbox.next();
      expect(text(second)).toBe('again');
      expect(second.redelivered).toBe(true);
      expect(second.headers).toMatchObject({ kept: 'yes' });
      second.ack();
    });

    it('tells messages apart, or says nothing of it', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, ['same', 'same', 'same']);
      const first = await bench.consume(broker, queue, 10);
      const identities = (await first.inbox.take(3)).map(({ identity }) => identity);
      await first.consumption.close();
      const second = await bench.consume(broker, queue, 10);
      const again = await second.inbox.take(3);
      // What is delivered again is the same message, whatever consumer gets it.
      expect(again.map(({ identity }) => identity).sort()).toEqual(identities.sort());
      expect([1, 3]).toContain(new Set(identities).size);
      if (new Set(identities).size === 1) expect(identities[0]).toBeUndefined();
      for (const delivery of again) delivery.ack();
    });

    const deadLetters = bench.capabilities.deadLetterQueue;

    it('takes a refused message out of the queue', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const refused = `refused from ${queue}`;
      await publishAll(broker, queue, [refused, 'fine']);
      const { inbox, consumption } = await bench.consume(broker, queue, 2);
      for (const delivery of await inbox.take(2)) {
        if (text(delivery) === refused) delivery.nack({ requeue: false });
        else delivery.ack();
      }
      await consumption.close();
      await expectLeft(bench, broker, queue, []);
      if (deadLetters) await takeFrom(bench, broker, deadLetters, refused);
    });

    (deadLetters ? it : it.skip)('keeps a refused message among the dead letters', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const refused = `refused from ${queue}`;
      await broker.publish(message(queue, refused, { headers: { id: queue }, correlationId: queue }));
      const { inbox } = await bench.consume(broker, queue, 1);
      (await inbox.next()).nack({ requeue: false });
      const dead = await takeFrom(bench, broker, deadLetters!, refused);
      expect(broker.deadLetterQueue).toBe(deadLetters);
      expect(dead.headers).toMatchObject({ id: queue });
      expect(dead.correlationId).toBe(queue);
      const { death } = dead;
      expect(death).toEqual({ queue, reason: 'rejected', at: expect.any(Number) as unknown, count: 1 });
      // By the server's clock, in RabbitMQ to the second.
      expect(Math.abs(death!.at! - Date.now())).toBeLessThan(60_000);
    });

    it('shares a queue among two consumers', async () => {
      const [one, two] = [await bench.start(), await bench.start()];
      const queue = await bench.declared(one);
      const first = await bench.consume(one, queue, 5);
      const second = await bench.consume(two, queue, 5);
      await publishAll(one, queue, bodies(20));
      const held = [...(await first.inbox.take(5)), ...(await second.inbox.take(5))];
      expect(new Set(texts(held)).size).toBe(10);
      expect((await one.depth(queue)).ready).toBe(10);
      for (const delivery of held) delivery.ack();
      const rest = [...(await first.inbox.take(5)), ...(await second.inbox.take(5))];
      expect(texts([...held, ...rest])).toEqual(bodies(20).sort());
      for (const delivery of rest) delivery.ack();
    });

    it('brings nothing more after cancel, and what is held may still be acked', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const { inbox, consumption } = await bench.consume(broker, queue, 10);
      await publishAll(broker, queue, bodies(3));
      const held = await inbox.take(3);
      await consumption.cancel();
      await consumption.cancel();
      await broker.publish(message(queue, 'for another'));
      for (const delivery of held) delivery.ack();
      await consumption.close();
      expect(inbox.received).toHaveLength(3);
      await expectLeft(bench, await bench.start(), queue, ['for another']);
    });

    it('requeues at close what is unacked, and loses no ack on the way', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(4));
      const { inbox, consumption } = await bench.consume(broker, queue, 10);
      const held = await inbox.take(4);
      held.find((delivery) => text(delivery) === 'body-0')!.ack();
      held.find((delivery) => text(delivery) === 'body-2')!.ack();
      await Promise.all([consumption.close(), consumption.close()]);
      await consumption.close();
      const other = await bench.start();
      const again = await bench.consume(other, queue, 10);
      const returned = await again.inbox.take(2);
      expect(texts(returned)).toEqual(['body-1', 'body-3']);
      expect(returned.map((delivery) => delivery.redelivered)).toEqual([true, true]);
      for (const delivery of returned) delivery.ack();
      await again.consumption.close();
      await expectLeft(bench, other, queue, []);
    });

    it('requeues at stop what is unacked, and loses no ack on the way', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(3));
      const { inbox } = await bench.consume(broker, queue, 10);
      const held = await inbox.take(3);
      held.find((delivery) => text(delivery) === 'body-1')!.ack();
      await broker.stop();
      await expectLeft(bench, await bench.start(), queue, ['body-0', 'body-2']);
    });

    it('takes no harm from a delivery settled twice', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(3));
      const { inbox, consumption } = await bench.consume(broker, queue, 10);
      const [one, two, three] = (await inbox.take(3)) as [
        Awaited<ReturnType<typeof inbox.next>>,
        Awaited<ReturnType<typeof inbox.next>>,
        Awaited<ReturnType<typeof inbox.next>>,
      ];
      one.ack();
      one.ack();
      one.nack({ requeue: true });
      await broker.publish(message(queue, 'round trip'));
      const later = await inbox.next();
      one.ack();
      one.nack({ requeue: true });
      two.nack({ requeue: true });
      two.ack();
      const again = await inbox.next();
      expect(text(again)).toBe(text(two));
      // Were the channel lost to a protocol error, this one would come again.
      three.ack();
      later.ack();
      again.ack();
      await consumption.close();
      expect(inbox.received).toHaveLength(5);
      await expectLeft(bench, broker, queue, []);
    });

    it('goes on after a listener that throws', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const { inbox } = await bench.consume(broker, queue, 10);
      await broker.consume(await bench.declared(broker), {
        prefetch: 10,
        onDelivery: () => {
          throw new Error('a listener that throws, for the test');
        },
      });
      await broker.publish(message(queue, 'still served'));
      const delivery = await inbox.next();
      expect(delivery.redelivered).toBe(false);
      delivery.ack();
    });
  });
}
