import { describe, expect, it } from '@jest/globals';
import { within } from '../within.ts';
import { bodies, message, publishAll, type Bench } from './bench.ts';
import { startChild } from './child.ts';
import { texts } from './delivery-inbox.ts';

export function processDeath(bench: Bench): void {
  const patience = bench.capabilities.redeliveryAfterKillMs;

  describe('death of a consuming process', () => {
    it('delivers again what a killed process held, and only that', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(6));
      // It acks the first and holds five: the sixth arriving proves that the ack has arrived.
      const child = startChild(bench, { mode: 'hold', queue, prefetch: 5, ackFirst: 1 });
      const seen: string[] = [];
      while (seen.length < 6) seen.push((await child.next('delivery')).body!);
      expect([...seen].sort()).toEqual(bodies(6).sort());
      expect((await broker.depth(queue)).ready).toBe(0);

      child.kill('SIGKILL');
      expect(await within(10_000, 'the process to end', child.ended)).toEqual({ code: null, signal: 'SIGKILL' });
      const { inbox, consumption } = await bench.consume(broker, queue, 10);
      const again = await inbox.take(5, patience);
      expect(texts(again)).toEqual(seen.slice(1).sort());
      expect(again.every((delivery) => delivery.redelivered)).toBe(true);
      for (const delivery of again) delivery.ack();
      await broker.publish(message(queue, 'marker'));
      expect(texts(await inbox.take(1))).toEqual(['marker']);
      await consumption.close();
    });

    it('hands them to a consumer that already waits', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      await publishAll(broker, queue, bodies(3));
      const child = startChild(bench, { mode: 'hold', queue, prefetch: 3, ackFirst: 0 });
      for (let n = 0; n < 3; n += 1) await child.next('delivery');
      const { inbox } = await bench.consume(broker, queue, 10);
      child.kill('SIGKILL');
      const again = await inbox.take(3, patience);
      expect(texts(again)).toEqual(bodies(3).sort());
      for (const delivery of again) delivery.ack();
    });
  });
}
