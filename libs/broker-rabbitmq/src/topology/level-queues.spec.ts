import { describeWithRabbit, silentLog } from '@lovage/testing';
import { RabbitBroker } from '../rabbit-broker.ts';
import { hasRoomForLevels, isLevelQueue, levelQueue, queueOfLevel } from './level-queues.ts';

test('names of levels lead back to their queue', () => {
  expect((['high', 'normal', 'low'] as const).map((level) => levelQueue('a.b', level))).toEqual([
    'a.b~high',
    'a.b',
    'a.b~low',
  ]);
  expect(['a.b~high', 'a.b', 'a.b~low'].map(queueOfLevel)).toEqual(['a.b', 'a.b', 'a.b']);
  expect(['a~high', 'a~higher', 'high'].map(isLevelQueue)).toEqual([true, false, false]);
  expect([hasRoomForLevels('q'.repeat(250)), hasRoomForLevels('q'.repeat(251))]).toEqual([true, false]);
});

describeWithRabbit('level queues', (rabbit) => {
  test('no queue of a user can have the name of one', async () => {
    const deadLetterQueue = rabbit.queue('dead');
    rabbit.alsoDeleteExchanges(deadLetterQueue);
    const queue = rabbit.queue();
    const broker = new RabbitBroker({ url: rabbit.url, deadLetterQueue, log: silentLog });
    await broker.start();
    try {
      await broker.declare(queue);
      for (const level of ['high', 'low'] as const) {
        const name = levelQueue(queue, level);
        await expect(broker.declare(name)).rejects.toMatchObject({
          ...{ code: 'invalid_queue_name', queue: name },
          message: expect.stringContaining('no ~high or ~low at its end') as string,
        });
        const message = { body: Buffer.from('x'), contentType: 'text/plain', contentEncoding: 'utf-8', headers: {} };
        for (const use of [
          () => broker.publish({ queue: name, ...message }),
          () => broker.consume(name, { prefetch: 1, onDelivery: () => undefined }),
          () => broker.depth(name),
          () => broker.purge(name),
        ])
          await expect(use()).rejects.toMatchObject({ code: 'unroutable', queue: name });
      }
    } finally {
      await broker.stop();
    }
  });
});
