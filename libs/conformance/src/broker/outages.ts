import { describe, expect, it } from '@jest/globals';
import type { BrokerState } from '@lovage/ports';
import { hasCode } from '@lovage/foundation';
import { untilHolds } from '../until-holds.ts';
import { within } from '../within.ts';
import { bodies, inState, message, publishAll, type Bench } from './bench.ts';
import { text, texts } from './delivery-inbox.ts';

export function outages(bench: Bench): void {
  describe('outages', () => {
    it('announces each change of state', async () => {
      const { broker, line } = await bench.startBehindLine();
      const states: BrokerState[] = [];
      const unsubscribe = broker.onStateChange((state) => {
        expect(broker.state).toBe(state);
        states.push(state);
      });
      expect(broker.state).toBe('up');
      let change = inState(broker, 'down');
      await line.refuse();
      await change;
      change = inState(broker, 'up');
      await line.heal();
      await change;
      expect(states).toEqual(['down', 'up']);
      unsubscribe();
      change = inState(broker, 'down');
      line.cut();
      await change;
      expect(states).toEqual(['down', 'up']);
    });

    it('refuses at once while the server is away, and keeps nothing for later', async () => {
      const { broker, line } = await bench.startBehindLine();
      const direct = await bench.start();
      const queue = await bench.declared(broker);
      const change = inState(broker, 'down');
      await line.refuse();
      await change;
      const began = performance.now();
      const outcomes = await Promise.allSettled(bodies(50).map((body) => broker.publish(message(queue, body))));
      expect(performance.now() - began).toBeLessThan(200);
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'broker_unavailable' } });
      }
      await expect(broker.declare(queue)).rejects.toMatchObject({ code: 'broker_unavailable' });
      await expect(broker.depth(queue)).rejects.toMatchObject({ code: 'broker_unavailable' });
      await expect(broker.consume(queue, { prefetch: 1, onDelivery: () => undefined })).rejects.toMatchObject({
        code: 'broker_unavailable',
      });
      await line.heal();
      await inState(broker, 'up');
      await broker.publish(message(queue, 'after'));
      expect(await direct.depth(queue)).toEqual({ ready: 1, consumers: 0 });
    });

    it('settles every publish in flight when the connection breaks before any answer', async () => {
      const { broker, line } = await bench.startBehindLine();
      const queue = await bench.declared(broker);
      await broker.publish(message(queue, 'warm'));
      line.holdAnswers();
      const inFlight = Promise.allSettled(bodies(300).map((body) => broker.publish(message(queue, body))));
      const direct = await bench.start();
      // They have reached the server, so that only the answers are lost.
      await untilHolds(async () => expect((await direct.depth(queue)).ready).toBeGreaterThan(1));
      line.cut();
      for (const outcome of await within(15_000, 'publishes to settle', inFlight)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'confirm_lost' } });
      }
    });

    it('has stored whatever it confirmed before a cut in the middle', async () => {
      const { broker, line } = await bench.startBehindLine();
      const direct = await bench.start();
      const queue = await bench.declared(broker);
      const confirmed: string[] = [];
      const refused: unknown[] = [];
      const all = bodies(2000).map((body) =>
        broker.publish(message(queue, body)).then(
          () => {
            confirmed.push(body);
            if (confirmed.length === 100) line.cut();
          },
          (error: unknown) => void refused.push(error),
        ),
      );
      await within(30_000, 'publishes to settle', Promise.all(all));
      expect(confirmed.length + refused.length).toBe(2000);
      expect(confirmed.length).toBeGreaterThanOrEqual(100);
      for (const error of refused) {
        expect(hasCode(error, 'confirm_lost') || hasCode(error, 'broker_unavailable')).toBe(true);
      }
      const { ready } = await direct.depth(queue);
      const { inbox } = await bench.consume(direct, queue, 5000);
      const found = new Set(texts(await inbox.take(ready)));
      expect(confirmed.filter((body) => !found.has(body))).toEqual([]);
    });

    it('consumes again by itself after each of several cuts', async () => {
      const { broker, line } = await bench.startBehindLine();
      const direct = await bench.start();
      const queue = await bench.declared(broker);
      const { inbox } = await bench.consume(broker, queue, 5);
      for (const body of bodies(3)) {
        const change = inState(broker, 'down');
        line.cut();
        await change;
        await direct.publish(message(queue, body));
        // An ack may be lost in the cut that follows; its message then comes once more before the new one.
        for (;;) {
          const delivery = await inbox.next(20_000);
          delivery.ack();
          if (text(delivery) === body) break;
          expect(delivery.redelivered).toBe(true);
        }
      }
    });

    it('keeps to the prefetch after a cut', async () => {
      const { broker, line } = await bench.startBehindLine();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(10));
      const { inbox } = await bench.consume(broker, queue, 2);
      await inbox.take(2);
      const change = inState(broker, 'down');
      line.cut();
      await change;
      const again = await inbox.take(2, 20_000);
      expect(again.map((delivery) => delivery.redelivered)).toEqual([true, true]);
      await untilHolds(async () => expect((await broker.depth(queue)).ready).toBe(8));
      expect(inbox.received).toHaveLength(4);
    });

    it('ignores an ack for a connection that is gone, and loses no other message by it', async () => {
      const { broker, line } = await bench.startBehindLine();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(3));
      const { inbox, consumption } = await bench.consume(broker, queue, 10);
      const stale = await inbox.take(3);
      const change = inState(broker, 'down');
      line.cut();
      await change;
      stale[0]!.ack();
      const again = await inbox.take(3, 20_000);
      expect(again.map((delivery) => delivery.redelivered)).toEqual([true, true, true]);
      // On the new connection the same delivery tags may stand for other messages.
      for (const delivery of stale) delivery.ack();
      for (const delivery of stale) delivery.nack({ requeue: false });
      await consumption.close();
      const other = await bench.start();
      const rest = await bench.consume(other, queue, 10);
      const left = await rest.inbox.take(3);
      expect(texts(left)).toEqual(bodies(3).sort());
      for (const delivery of left) delivery.ack();
    });

    it('does not consume again after a cut what was cancelled', async () => {
      const { broker, line } = await bench.startBehindLine();
      const queue = await bench.declared(broker);
      const watched = await bench.declared(broker);
      const { inbox, consumption } = await bench.consume(broker, queue, 10);
      const other = await bench.consume(broker, watched, 10);
      await publishAll(broker, queue, bodies(2));
      await inbox.take(2);
      await consumption.cancel();
      const change = inState(broker, 'down');
      line.cut();
      await change;
      // The other one consumes again by then, and so would this one.
      const direct = await bench.start();
      await direct.publish(message(watched, 'seen'));
      (await other.inbox.next(20_000)).ack();
      // What it held is the queue's again, and stays there.
      await untilHolds(async () => expect(await broker.depth(queue)).toEqual({ ready: 2, consumers: 0 }));
      expect(inbox.received).toHaveLength(2);
    });

    it('declares again what was lost meanwhile', async () => {
      const { broker, line } = await bench.startBehindLine();
      const direct = await bench.start();
      const queue = await bench.declared(broker);
      const change = inState(broker, 'down');
      await line.refuse();
      await change;
      await direct.deleteQueue(queue);
      await line.heal();
      await inState(broker, 'up');
      await untilHolds(async () => expect((await direct.depth(queue)).ready).toBe(0));
      await broker.publish(message(queue, 'there'));
    });

    it('lets a consumption be closed while the server is away', async () => {
      const { broker, line } = await bench.startBehindLine();
      const direct = await bench.start();
      const queue = await bench.declared(broker);
      const { inbox, consumption } = await bench.consume(broker, queue, 5);
      const change = inState(broker, 'down');
      await line.refuse();
      await change;
      await within(2000, 'close', consumption.close());
      await line.heal();
      await inState(broker, 'up');
      await broker.publish(message(queue, 'for another'));
      const other = await bench.consume(direct, queue, 1);
      (await other.inbox.next()).ack();
      expect(inbox.received).toHaveLength(0);
      expect((await direct.depth(queue)).consumers).toBe(1);
    });
  });
}
