import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { Delivery, OutgoingMessage } from '@lovage/ports';
import { describeWithRabbit, eventually, RecordingLog } from '@lovage/testing';
import { RabbitBroker } from '../rabbit-broker.ts';
import { Plain, put } from '../testing/plain.ts';
import { queueOptions, type QueueKind } from './queue-arguments.ts';

function message(queue: string, body: string, priority?: number): OutgoingMessage {
  const [contentType, contentEncoding] = ['text/plain', 'utf-8'];
  return { queue, body: Buffer.from(body), contentType, contentEncoding, headers: {}, priority };
}

describeWithRabbit('topology', (rabbit) => {
  const plain = new Plain(rabbit.url);
  const log = new RecordingLog();
  // Its own: where a platform runs on the same virtual host, it collects those of the usual name.
  const deadLetterQueue = rabbit.queue('dead');
  rabbit.alsoDeleteExchanges(deadLetterQueue);

  async function withBroker(kind: QueueKind, use: (broker: RabbitBroker) => Promise<void>): Promise<void> {
    const broker = new RabbitBroker({ url: rabbit.url, queueKind: kind, deadLetterQueue, log });
    await broker.start();
    try {
      await use(broker);
    } finally {
      await broker.stop();
    }
  }

  /** Refuses the next delivery and tells what then stands among the dead letters with that body. */
  async function refuse(broker: RabbitBroker, queue: string, body: string): Promise<Delivery> {
    const consumption = await broker.consume(queue, {
      prefetch: 1,
      onDelivery: (delivery) => delivery.nack({ requeue: false }),
    });
    // Those of other tests may stand there too: held until ours comes, then requeued.
    let found!: (delivery: Delivery) => void;
    const ours = new Promise<Delivery>((resolve) => (found = resolve));
    const dead = await broker.consume(deadLetterQueue, {
      prefetch: 5000,
      onDelivery: (delivery) => {
        if (delivery.body.toString() === body) found(delivery);
      },
    });
    await broker.publish({
      queue,
      body: Buffer.from(body),
      contentType: 'text/plain',
      contentEncoding: 'utf-8',
      headers: { id: 'kept' },
    });
    const delivery = await ours;
    delivery.ack();
    await dead.close();
    await consumption.close();
    return delivery;
  }

  it.each(['quorum', 'celery'] as const)('declares a %s queue with exactly its arguments', async (kind) => {
    const queue = rabbit.queue(kind);
    await withBroker(kind, (broker) => broker.declare(queue));
    const same = queueOptions(kind, deadLetterQueue);
    await plain.on((channel) => channel.assertQueue(queue, same));
    const other = kind === 'celery' ? queueOptions('quorum', deadLetterQueue) : { durable: true };
    await expect(plain.on((channel) => channel.assertQueue(queue, other))).rejects.toMatchObject({ code: 406 });
  });

  it('declares for Celery what Python declares: durable, no arguments', () => {
    expect(queueOptions('celery', deadLetterQueue)).toEqual({ durable: true });
  });

  it('lets the server keep what was refused on a quorum queue', async () => {
    const queue = rabbit.queue();
    await withBroker('quorum', async (broker) => {
      await broker.declare(queue);
      const body = `refused ${randomUUID()}`;
      const dead = await refuse(broker, queue, body);
      expect(dead.headers).toMatchObject({ id: 'kept', 'x-death': [{ queue, reason: 'rejected' }] });
      expect(dead.death).toMatchObject({ queue, reason: 'rejected', at: expect.any(Number) as unknown, count: 1 });
      expect(dead.contentType).toBe('text/plain');
    });
  });

  it('keeps what was refused itself, where the server would drop it', async () => {
    for (const kind of ['celery', 'quorum'] as const) {
      const queue = rabbit.queue();
      // For the quorum adapter: made by somebody else, without dead letters.
      await plain.on((channel) => channel.assertQueue(queue, { durable: true }));
      await withBroker(kind, async (broker) => {
        await broker.declare(queue);
        const dead = await refuse(broker, queue, `refused ${randomUUID()}`);
        expect(dead.headers).toEqual({ id: 'kept' });
        expect(dead.death).toMatchObject({ queue, reason: 'rejected', at: expect.any(Number) as unknown, count: 1 });
        expect(dead.contentType).toBe('text/plain');
        expect((await broker.depth(queue)).ready).toBe(0);
      });
    }
  });

  it.each([
    ['classic', { durable: true }],
    ['with priorities', { durable: true, arguments: { 'x-max-priority': 9 } }],
    ['not durable', { durable: false, autoDelete: false, exclusive: false }],
    ['quorum without dead letters', { durable: true, arguments: { 'x-queue-type': 'quorum' } }],
  ])('takes over a queue of somebody else: %s', async (_, theirs) => {
    const queue = rabbit.queue();
    await plain.on((channel) => channel.assertQueue(queue, theirs));
    await put(plain, queue, 'theirs');
    for (const kind of ['quorum', 'celery'] as const) {
      await withBroker(kind, async (broker) => {
        await broker.declare(queue);
        await broker.publish({
          queue,
          body: Buffer.from('ours'),
          contentType: 'text/plain',
          contentEncoding: 'utf-8',
          headers: {},
        });
        expect(broker.state).toBe('up');
        expect(await broker.depth(queue)).toEqual({ ready: 2, consumers: 0 });
        const bodies: string[] = [];
        await new Promise<void>((resolve) => {
          void broker.consume(queue, {
            prefetch: 10,
            onDelivery: (delivery) => {
              bodies.push(delivery.body.toString());
              if (bodies.length < 2) return;
              delivery.ack();
              resolve();
            },
          });
        });
        expect(bodies.sort()).toEqual(['ours', 'theirs']);
      });
    }
  });

  it('leaves the order to a queue that Python declared with x-max-priority, and makes no levels beside it', async () => {
    const queue = rabbit.queue();
    await plain.on((channel) => channel.assertQueue(queue, { durable: true, arguments: { 'x-max-priority': 10 } }));
    for (const declared of [true, false])
      await withBroker('quorum', async (broker) => {
        if (declared) await broker.declare(queue);
        for (const priority of [1, undefined, 9, 5]) await broker.publish(message(queue, String(priority), priority));
        expect((await broker.depth(queue)).ready).toBe(4);
        const got: [string, string, unknown][] = [];
        await new Promise<void>((resolve) => {
          void broker.consume(queue, {
            prefetch: 1,
            onDelivery: (delivery) => {
              got.push([delivery.body.toString(), delivery.level, delivery.priority]);
              delivery.ack();
              if (got.length === 4) resolve();
            },
          });
        });
        // None is 0 to RabbitMQ there, as to Celery.
        expect(got).toEqual([
          ['9', 'normal', 9],
          ['5', 'normal', 5],
          ['1', 'normal', 1],
          ['undefined', 'normal', undefined],
        ]);
      });
    await expect(plain.on((channel) => channel.checkQueue(`${queue}~high`))).rejects.toMatchObject({ code: 404 });
  });

  it('makes a level again that somebody has deleted, and loses nothing meanwhile', async () => {
    const queue = rabbit.queue();
    await withBroker('quorum', async (broker) => {
      await broker.declare(queue);
      await plain.on((channel) => channel.deleteQueue(`${queue}~high`));
      await broker.publish(message(queue, 'x', 9));
      expect((await broker.depth(queue)).ready).toBe(1);
      await broker.publish(message(queue, 'x', 9));
      const ready = (name: string) => plain.on(async (channel) => (await channel.checkQueue(name)).messageCount);
      expect([await ready(queue), await ready(`${queue}~high`)]).toEqual([1, 1]);
    });
  });

  it('serves the levels of a queue that was somebody else’s when it was subscribed to', async () => {
    const queue = rabbit.queue();
    await plain.on((channel) => channel.assertQueue(queue, { durable: true }));
    await withBroker('quorum', async (broker) => {
      const levels: string[] = [];
      await broker.consume(queue, {
        prefetch: 5,
        onDelivery: (delivery) => {
          levels.push(delivery.level);
          delivery.ack();
        },
      });
      await plain.on((channel) => channel.deleteQueue(queue));
      await eventually(async () => {
        await broker.publish(message(queue, 'x', 9)).catch(() => undefined);
        return levels.includes('high');
      });
    });
  });

  it('takes a queue over though it is refused by a consumer that wants it alone, once that one is gone', async () => {
    const queue = rabbit.queue();
    await withBroker('quorum', async (broker) => {
      await plain.on((channel) => channel.assertQueue(queue, { durable: true }));
      const theirs = await plain.connection.createChannel();
      await theirs.consume(queue, () => undefined, { exclusive: true });
      await broker.declare(queue);
      await expect(broker.consume(queue, { prefetch: 1, onDelivery: () => undefined })).rejects.toMatchObject({
        code: 'rabbitmq_refused',
        replyCode: 403,
      });
      await theirs.close();
      await (await broker.consume(queue, { prefetch: 1, onDelivery: () => undefined })).close();
    });
  });
});
