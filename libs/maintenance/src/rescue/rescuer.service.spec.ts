import { newId } from '@lovage/foundation';
import { PostgresBroker } from '@lovage/broker-postgres';
import { RabbitBroker } from '@lovage/broker-rabbitmq';
import { blankTask, type Broker, type NewTask } from '@lovage/ports';
import { openStore } from '@lovage/store-postgres';
import { describeWithRabbit, eventually, RecordingLog, silentLog, testDatabase } from '@lovage/testing';
import { messageOf } from '../testing/fakes.ts';
import { Rescuer } from './rescuer.ts';

function suite(open: (databaseUrl: string) => { broker: Broker; queue: string }): void {
  test('prefetched behind long tasks is not lost; purged by hand is', async () => {
    await using db = await testDatabase();
    const store = openStore({ url: db.url, log: silentLog });
    const { broker, queue } = open(db.url);
    await broker.start();
    try {
      await broker.declare(queue);
      const task = (): NewTask => blankTask({ id: newId(), name: 'test.job', queue, input: '{}' });
      const [held, lost] = [
        [task(), task(), task()],
        [task(), task()],
      ];
      await store.tasks.insertQueued([...held, ...lost]);
      await db.query("update tasks set created_at = now() - interval '1 minute'");
      // A worker whose prefetch is full of a long task and those that wait behind it; the others wait in the queue.
      const worker = newId();
      await db.query(
        `insert into workers (id, name, lease_until, info) values ($1, 'w', now() + interval '1 hour', $2)`,
        [worker, { queues: [queue] }],
      );
      const taken: string[] = [];
      const consumption = await broker.consume(queue, {
        prefetch: held.length,
        onDelivery: ({ body }) => void taken.push(body.toString()),
      });
      for (const { id } of [...held, ...lost]) await broker.publish(messageOf({ id, queue }));
      await eventually(async () => taken.length === held.length && (await broker.depth(queue)).ready === lost.length);
      expect(await broker.purge(queue)).toBe(lost.length);
      const log = new RecordingLog();
      const rescuer = new Rescuer({ broker, rescue: store.rescue, log });
      // No answer yet: it may hold all of them.
      expect([await rescuer.runOnce(), await rescuer.runOnce()]).toEqual([0, 0]);
      const answer = () =>
        store.rescue.report(
          worker,
          queue,
          held.map(({ id }) => id),
        );
      await answer();
      expect(await rescuer.runOnce()).toBe(lost.length);
      const sent = await db.query<{ task_id: string }>('select task_id from outbox order by task_id');
      expect(sent.map(({ task_id }) => task_id)).toEqual(lost.map(({ id }) => id).sort());
      expect(log.entries).toHaveLength(1);
      for (let look = 0; look < 3; look += 1) {
        await answer();
        expect(await rescuer.runOnce()).toBe(0);
      }
      expect(log.entries).toHaveLength(1);
      await consumption.close();
    } finally {
      await broker.deleteQueue(queue);
      await broker.stop();
      await store.close();
    }
  });
}

describe('the search for lost messages, with the embedded broker', () =>
  suite((url) => ({ broker: new PostgresBroker({ url, log: silentLog }), queue: 'jobs' })));

describeWithRabbit('the search for lost messages, with RabbitMQ', (rabbit) =>
  suite(() => ({ broker: new RabbitBroker({ url: rabbit.url, log: silentLog }), queue: rabbit.queue('jobs') })),
);
