import { describe, expect, it } from '@jest/globals';
import { levelOf, type Broker, type Delivery } from '@lovage/ports';
import { untilHolds } from '../until-holds.ts';
import { message, type Bench } from './bench.ts';
import { text, texts } from './delivery-inbox.ts';

/** Publishes messages of these priorities, which are their bodies; undefined: none stated. */
async function publishOf(broker: Broker, queue: string, given: readonly (number | undefined)[]): Promise<void> {
  for (const priority of given) await broker.publish(message(queue, String(priority), { priority }));
}

export function priorities(bench: Bench): void {
  const withLevels = bench.capabilities.levels ? it : it.skip;

  describe('priorities', () => {
    it('arrive as they were stated, none as none', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const given = [undefined, 0, 3, 4, 6, 7, 9];
      await publishOf(broker, queue, given);
      const { inbox } = await bench.consume(broker, queue, 10);
      const got = await inbox.take(given.length);
      for (const priority of given) {
        const delivery = got.find((one) => text(one) === String(priority))!;
        const level = bench.capabilities.levels ? levelOf(priority) : 'normal';
        expect(delivery).toMatchObject({ queue, priority, level });
        delivery.ack();
      }
      await untilHolds(async () => expect((await broker.depth(queue)).ready).toBe(0));
    });

    withLevels('what is urgent comes past a flood that fills the prefetch', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishOf(broker, queue, Array(10).fill(1));
      const { inbox } = await bench.consume(broker, queue, 2);
      await inbox.take(2);
      await publishOf(broker, queue, [undefined, 9]);
      expect(texts(await inbox.take(2))).toEqual(['9', 'undefined']);
      expect((await broker.depth(queue)).ready).toBe(8);
    });

    withLevels('each level has the prefetch for itself, and no more', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishOf(broker, queue, [...Array(5).fill(9), ...Array(5).fill(undefined), ...Array(5).fill(0)]);
      const { inbox } = await bench.consume(broker, queue, 3);
      const held = await inbox.take(9);
      expect(texts(held)).toEqual(['0', '0', '0', '9', '9', '9', 'undefined', 'undefined', 'undefined']);
      expect((await broker.depth(queue)).ready).toBe(6);
      held.find((delivery) => text(delivery) === '9')!.ack();
      expect(text(await inbox.next())).toBe('9');
      expect(inbox.received).toHaveLength(10);
    });

    withLevels('the levels are one queue: counted, emptied, deleted together', async () => {
      const broker = await bench.start();
      const other = await bench.start();
      const queue = await bench.declared(broker);
      await publishOf(broker, queue, [9, undefined, 1]);
      expect(await other.depth(queue)).toEqual({ ready: 3, levels: { high: 1, low: 1 }, consumers: 0 });
      expect(await other.purge(queue)).toBe(3);
      expect((await broker.depth(queue)).ready).toBe(0);
      await publishOf(broker, queue, [9, undefined, 1]);
      await other.deleteQueue(queue);
      for (const priority of [9, undefined, 1])
        await expect(broker.publish(message(queue, 'x', { priority }))).rejects.toMatchObject({
          code: 'unroutable',
          queue,
        });
      await broker.declare(queue);
      expect((await broker.depth(queue)).ready).toBe(0);
      await publishOf(broker, queue, [9]);
      expect((await broker.depth(queue)).ready).toBe(1);
    });

    withLevels('counts one consumer of a queue once', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await bench.consume(broker, queue, 1);
      expect((await broker.depth(queue)).consumers).toBe(1);
    });

    it('a producer that has not declared the queue may use them too', async () => {
      const [worker, producer] = [await bench.start(), await bench.start()];
      const queue = await bench.declared(worker);
      const { inbox } = await bench.consume(worker, queue, 5);
      await publishOf(producer, queue, [9, 1]);
      const got = await inbox.take(2);
      expect(texts(got)).toEqual(['1', '9']);
      for (const delivery of got) delivery.ack();
    });

    it('outlive being requeued', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishOf(broker, queue, [9, 1]);
      const { inbox, consumption } = await bench.consume(broker, queue, 5);
      const before = await inbox.take(2);
      before[0]!.nack({ requeue: true });
      const again = await inbox.next();
      expect(again).toMatchObject({ priority: before[0]!.priority, level: before[0]!.level, redelivered: true });
      await consumption.close();
      const { inbox: other } = await bench.consume(await bench.start(), queue, 5);
      const last = await other.take(2);
      expect(texts(last)).toEqual(['1', '9']);
      expect(last.map(({ priority }) => priority).sort()).toEqual([1, 9]);
      for (const delivery of last) delivery.ack();
    });

    const { deadLetterQueue } = bench.capabilities;
    (deadLetterQueue && bench.capabilities.levels ? it : it.skip)(
      'a dead letter tells the queue that it was sent to',
      async () => {
        const broker = await bench.start();
        const queue = await bench.declared(broker);
        const body = `refused from ${queue}`;
        await broker.publish(message(queue, body, { priority: 9 }));
        const { inbox } = await bench.consume(broker, queue, 1);
        (await inbox.next()).nack({ requeue: false });
        const { inbox: dead, consumption } = await bench.consume(broker, deadLetterQueue!, 5000);
        let found: Delivery;
        do found = await dead.next();
        while (text(found) !== body);
        found.ack();
        await consumption.close();
        expect(found.death!.queue).toBe(queue);
        expect(JSON.stringify(found.headers)).not.toContain('~');
        expect(found.priority).toBe(9);
      },
    );

    it('are served again after an outage', async () => {
      const { broker, line } = await bench.startBehindLine();
      const queue = await bench.declared(broker);
      const { inbox } = await bench.consume(broker, queue, 5);
      await publishOf(broker, queue, [9]);
      (await inbox.next()).ack();
      line.cut();
      await publishOf(await bench.start(), queue, [8, undefined, 1]);
      const seen = new Set<string>();
      while (seen.size < 3) {
        const delivery = await inbox.next();
        // The ack of the first may be lost in the cut.
        if (text(delivery) !== '9') seen.add(text(delivery));
        delivery.ack();
      }
      expect([...seen].sort()).toEqual(['1', '8', 'undefined']);
    });
  });
}
