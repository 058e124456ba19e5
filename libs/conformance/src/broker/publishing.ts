import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hasCode } from '@lovage/foundation';
import { untilHolds } from '../until-holds.ts';
import { bodies, message, publishAll, type Bench } from './bench.ts';
import { texts } from './delivery-inbox.ts';

export function publishing(bench: Bench): void {
  describe('publishing', () => {
    it('delivers body, headers and properties as they were sent', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const headers = {
        text: 'plain',
        unicode: 'žluťoučký 🐎 \u0000 end',
        'key ž': 'unicode in a key',
        empty: '',
        yes: true,
        no: false,
        nothing: null,
        small: 7,
        negative: -129,
        large: 2 ** 53 - 1,
        fraction: 0.1,
        list: [1, 'two', null, [3, { four: 4 }]],
        nested: { a: { b: { c: ['d'] } } },
        emptyList: [],
        emptyObject: {},
      };
      const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const id = randomUUID();
      await broker.publish(
        message(queue, body, {
          contentType: 'application/octet-stream',
          contentEncoding: 'binary',
          headers,
          correlationId: id,
          replyTo: 'some.address',
        }),
      );
      const { inbox } = await bench.consume(broker, queue, 1);
      const delivery = await inbox.next();
      expect(Buffer.compare(delivery.body, body)).toBe(0);
      expect(delivery.headers).toEqual(headers);
      expect(delivery).toMatchObject({
        queue,
        contentType: 'application/octet-stream',
        contentEncoding: 'binary',
        correlationId: id,
        replyTo: 'some.address',
        redelivered: false,
      });
      delivery.ack();
    });

    it('leaves out what was not given', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await broker.publish(message(queue, ''));
      const { inbox } = await bench.consume(broker, queue, 1);
      const delivery = await inbox.next();
      expect(delivery.body.length).toBe(0);
      expect(delivery.headers).toEqual({});
      expect(delivery.correlationId).toBeUndefined();
      expect(delivery.replyTo).toBeUndefined();
      delivery.ack();
    });

    it('carries a body of 1 MB', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const body = randomBytes(1_000_000);
      await Promise.all([
        broker.publish(message(queue, 'before')),
        broker.publish(message(queue, body)),
        broker.publish(message(queue, 'after')),
      ]);
      const { inbox } = await bench.consume(broker, queue, 10);
      const deliveries = await inbox.take(3);
      const large = deliveries.find((delivery) => delivery.body.length > 10);
      expect(large && Buffer.compare(large.body, body)).toBe(0);
      for (const delivery of deliveries) delivery.ack();
    });

    it('confirms a thousand publishes in flight, and each arrives once', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const sent = bodies(1000);
      await publishAll(broker, queue, sent);
      expect((await broker.depth(queue)).ready).toBe(1000);

      const { inbox, consumption } = await bench.consume(broker, queue, 2000);
      const deliveries = await inbox.take(1000);
      for (const delivery of deliveries) delivery.ack();
      await consumption.close();
      expect(texts(deliveries)).toEqual([...sent].sort());
      expect((await broker.depth(queue)).ready).toBe(0);
    });

    it('confirms only what is stored: another process finds it after the publisher is gone', async () => {
      const publisher = await bench.start();
      const queue = await bench.declared(publisher);
      await publishAll(publisher, queue, bodies(10));
      await publisher.stop();
      const broker = await bench.start();
      const { inbox } = await bench.consume(broker, queue, 10);
      const deliveries = await inbox.take(10);
      expect(texts(deliveries)).toEqual(bodies(10).sort());
      for (const delivery of deliveries) delivery.ack();
    });

    it('refuses a message to a queue that does not exist, and stores nothing', async () => {
      const broker = await bench.start();
      const queue = bench.unusedQueue();
      await expect(broker.publish(message(queue, 'lost?'))).rejects.toMatchObject({ code: 'unroutable', queue });
      await broker.declare(queue);
      expect((await broker.depth(queue)).ready).toBe(0);
      await broker.publish(message(queue, 'found'));
      const { inbox } = await bench.consume(broker, queue, 10);
      const delivery = await inbox.next();
      expect(delivery.body.toString()).toBe('found');
      delivery.ack();
    });

    it('tells routable and unroutable apart when they are in flight together', async () => {
      const broker = await bench.start();
      const good = await bench.declared(broker);
      const bad = bench.unusedQueue();
      const outcomes = await Promise.allSettled(
        bodies(200).map((body, n) => broker.publish(message(n % 3 === 0 ? bad : good, body))),
      );
      const refused = outcomes.map((outcome) => outcome.status === 'rejected' && hasCode(outcome.reason, 'unroutable'));
      expect(refused).toEqual(outcomes.map((_, n) => n % 3 === 0));
      expect((await broker.depth(good)).ready).toBe(refused.filter((yes) => !yes).length);
    });

    it('takes a declaration as often as it is made, by anybody, at once', async () => {
      const [one, two] = [await bench.start(), await bench.start()];
      const queue = bench.unusedQueue();
      await Promise.all([one.declare(queue), two.declare(queue), one.declare(queue), two.declare(queue)]);
      await one.publish(message(queue, 'kept'));
      await two.declare(queue);
      expect((await two.depth(queue)).ready).toBe(1);
    });
  });

  describe('depth, purge, delete', () => {
    it('counts what waits and who consumes', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      expect(await broker.depth(queue)).toEqual({ ready: 0, consumers: 0 });
      await publishAll(broker, queue, bodies(3));
      expect(await broker.depth(queue)).toEqual({ ready: 3, consumers: 0 });
      const { inbox, consumption } = await bench.consume(broker, queue, 2);
      await inbox.take(2);
      await untilHolds(async () => expect(await broker.depth(queue)).toEqual({ ready: 1, consumers: 1 }));
      // A broker that tells what is in delivery tells it right, and nothing of a queue that it does not know.
      const unacked = await broker.unacked?.([queue, 'no-such-queue', 'nul\0']);
      if (unacked && unacked.size > 0) expect([...unacked]).toEqual([[queue, 2]]);
      await consumption.close();
      await untilHolds(async () => expect(await broker.depth(queue)).toEqual({ ready: 3, consumers: 0 }));
    });

    it('purges what waits, tells how many, and leaves what is held', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(5));
      const { inbox, consumption } = await bench.consume(broker, queue, 1);
      const held = await inbox.next();
      await consumption.cancel();
      expect(await broker.purge(queue)).toBe(4);
      expect(await broker.purge(queue)).toBe(0);
      held.nack({ requeue: true });
      await untilHolds(async () => expect((await broker.depth(queue)).ready).toBe(1));
      await consumption.close();
    });

    it('says so when the queue does not exist', async () => {
      const broker = await bench.start();
      const queue = bench.unusedQueue();
      await expect(broker.depth(queue)).rejects.toMatchObject({ code: 'unroutable', queue });
      await expect(broker.purge(queue)).rejects.toMatchObject({ code: 'unroutable', queue });
      await broker.deleteQueue(queue);
    });

    it('knows names that no queue can have', async () => {
      const broker = await bench.start();
      for (const name of ['', 'q'.repeat(256), 'ž'.repeat(128), 'a\0b']) {
        await expect(broker.declare(name)).rejects.toMatchObject({ code: 'invalid_queue_name' });
        await expect(broker.publish(message(name, 'x'))).rejects.toMatchObject({ code: 'unroutable' });
        await expect(broker.depth(name)).rejects.toMatchObject({ code: 'unroutable' });
        await expect(broker.purge(name)).rejects.toMatchObject({ code: 'unroutable' });
        await broker.deleteQueue(name);
      }
    });

    it('deletes a queue with its messages', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(3));
      await broker.deleteQueue(queue);
      await expect(broker.publish(message(queue, 'late'))).rejects.toMatchObject({ code: 'unroutable' });
      await broker.declare(queue);
      expect((await broker.depth(queue)).ready).toBe(0);
    });
  });
}
