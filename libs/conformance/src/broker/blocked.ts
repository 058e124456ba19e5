import { describe, expect, it } from '@jest/globals';
import { within } from '../within.ts';
import { bodies, inState, message, publishAll, type Bench } from './bench.ts';

export function blocked(bench: Bench): void {
  (bench.capabilities.blocks ? describe : describe.skip)('a server that takes no messages', () => {
    it('is told as blocked; publishes are refused at once, with the reason', async () => {
      const { broker, alarm } = await bench.startAlarmed();
      const queue = await bench.declared(broker);
      let change = inState(broker, 'blocked');
      alarm.raise('low on memory');
      await change;
      const began = performance.now();
      const outcomes = await Promise.allSettled(bodies(50).map((body) => broker.publish(message(queue, body))));
      expect(performance.now() - began).toBeLessThan(200);
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'broker_unavailable' } });
      expect(String((outcomes[0] as PromiseRejectedResult).reason)).toContain('low on memory');
      change = inState(broker, 'up');
      alarm.clear();
      await change;
      await broker.publish(message(queue, 'taken'));
      expect((await broker.depth(queue)).ready).toBe(1);
    });

    it('goes on delivering, and takes acks and questions', async () => {
      const { broker, alarm } = await bench.startAlarmed();
      const other = await bench.start();
      const queue = await bench.declared(broker);
      const { inbox, consumption } = await bench.consume(broker, queue, 1);
      const change = inState(broker, 'blocked');
      alarm.raise('low on memory');
      await change;
      await publishAll(other, queue, bodies(2));
      // With a prefetch of 1 the second comes only when the ack of the first has been read.
      (await inbox.next()).ack();
      (await inbox.next()).ack();
      expect((await broker.depth(queue)).consumers).toBe(1);
      expect(consumption.health.state).toBe('consuming');
      await consumption.close();
      alarm.clear();
    });

    it('settles what is in flight', async () => {
      const { broker, alarm } = await bench.startAlarmed();
      const queue = await bench.declared(broker);
      const inFlight = Promise.allSettled(bodies(100).map((body) => broker.publish(message(queue, body))));
      alarm.raise('disk');
      for (const outcome of await within(5000, 'publishes to settle', inFlight))
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'confirm_lost' });
      alarm.clear();
    });
  });
}
