import amqp from 'amqplib';
import { expect, test } from '@jest/globals';
import type { Delivery } from '@lovage/ports';
import { describeWithRabbit, eventually, silentLog } from '@lovage/testing';
import { RabbitBroker } from '../rabbit-broker.ts';

const bits = (seconds: number): string => [...seconds.toString(2).padStart(28, '0')].join('.');

describeWithRabbit('delays that Celery leaves to RabbitMQ', (rabbit) => {
  const levels = Array.from({ length: 28 }, (_, level) => `celery_delayed_${level}`);
  rabbit.alsoDelete(...levels);
  rabbit.alsoDeleteExchanges(...levels, 'celery_delayed_delivery');

  test('what was delayed for a queue comes to it once its time is over, and to no other', async () => {
    const deadLetterQueue = rabbit.queue('dead');
    rabbit.alsoDeleteExchanges(deadLetterQueue);
    const queue = rabbit.queue('delayed');
    const broker = new RabbitBroker({ url: rabbit.url, deadLetterQueue, delayQueues: 'classic', log: silentLog });
    await broker.start();
    const connection = await amqp.connect(rabbit.url);
    try {
      await broker.declare(queue);
      // Again, and beside one that has made them of the same kind.
      await broker.declare(queue);
      const got: Delivery[] = [];
      await broker.consume(queue, {
        prefetch: 10,
        onDelivery: (delivery) => {
          got.push(delivery);
          delivery.ack();
        },
      });
      const channel = await connection.createConfirmChannel();
      const send = (seconds: number, to: string, body: string) =>
        channel.publish('celery_delayed_27', `${bits(seconds)}.${to}`, Buffer.from(body));
      send(2 ** 27, queue, 'later');
      send(1, `other.${queue}`, 'of another');
      send(3, queue, 'three');
      send(0, queue, 'at once');
      await channel.waitForConfirms();
      await eventually(() => got.length === 2, { timeoutMs: 30_000 });
      expect(got.map(({ body, queue: of }) => [body.toString(), of])).toEqual([
        ['at once', queue],
        ['three', queue],
      ]);
    } finally {
      await connection.close();
      await broker.stop();
    }
  }, 60_000);
});
