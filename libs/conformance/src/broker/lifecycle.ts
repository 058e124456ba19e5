import { describe, expect, it } from '@jest/globals';
import { eventually } from '@lovage/testing';
import { untilHolds } from '../until-holds.ts';
import { within } from '../within.ts';
import { bodies, inState, message, type Bench } from './bench.ts';
import { startChild } from './child.ts';

export function lifecycle(bench: Bench): void {
  describe('lifecycle', () => {
    it('describes itself without the password', async () => {
      const broker = bench.make();
      expect(broker.kind).toMatch(/^[a-z]+$/);
      expect(broker.displayUrl).toMatch(/^[a-z]+:\/\//);
      const { password } = new URL(broker.displayUrl);
      expect(['', '***']).toContain(decodeURIComponent(password));
    });

    it('is down before start, up after, down after stop', async () => {
      const broker = bench.make();
      expect(broker.state).toBe('down');
      await broker.start();
      expect(broker.state).toBe('up');
      await broker.stop();
      expect(broker.state).toBe('down');
      await expect(broker.publish(message('any', 'x'))).rejects.toMatchObject({ code: 'broker_unavailable' });
      broker.reply('any', { correlationId: 'x', body: Buffer.from('x') });
    });

    it('stops as often as asked, also when it never started', async () => {
      const never = bench.make();
      await never.stop();
      await never.stop();
      const broker = await bench.start();
      await Promise.all([broker.stop(), broker.stop()]);
      await broker.stop();
    });

    it('stops while it is starting', async () => {
      for (let n = 0; n < 5; n += 1) {
        const line = await bench.line();
        const broker = line.connect();
        const starting = broker.start().catch(() => undefined);
        await broker.stop();
        await starting;
        expect(broker.state).toBe('down');
        await untilHolds(() => expect(line.connections).toBe(0));
      }
    });

    it('fails to start within its time when nobody listens', async () => {
      const line = await bench.line();
      await line.refuse();
      const broker = line.connect({ connectTimeoutMs: 400 });
      const began = performance.now();
      await expect(broker.start()).rejects.toMatchObject({ code: 'broker_unavailable' });
      expect(performance.now() - began).toBeLessThan(1500);
      expect(broker.state).toBe('down');
      await broker.stop();
    });

    it('fails to start within its time when the server accepts and says nothing', async () => {
      const line = await bench.line();
      line.blackhole();
      const broker = line.connect({ connectTimeoutMs: 400 });
      const began = performance.now();
      await expect(broker.start()).rejects.toMatchObject({ code: 'broker_unavailable' });
      await within(2000, 'stop', broker.stop());
      expect(performance.now() - began).toBeLessThan(3000);
      // The adapter has closed its connections. Those to the server are open until they may say so.
      await line.heal();
      await untilHolds(() => expect(line.connections).toBe(0));
    });

    it('starts when the server comes within its time', async () => {
      const line = await bench.line();
      line.blackhole();
      const broker = line.connect({ connectTimeoutMs: 15_000 });
      const starting = broker.start();
      // The first attempt is under way, and cannot succeed.
      await eventually(() => line.connections > 0);
      line.cut();
      await line.heal();
      await starting;
      expect(broker.state).toBe('up');
    });

    it('settles what is in flight when it stops', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const inFlight = Promise.allSettled(bodies(200).map((body) => broker.publish(message(queue, body))));
      await broker.stop();
      const outcomes = await within(5000, 'publishes to settle', inFlight);
      const direct = await bench.start();
      const { ready } = await direct.depth(queue);
      expect(ready).toBeGreaterThanOrEqual(outcomes.filter((outcome) => outcome.status === 'fulfilled').length);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') {
          expect(['confirm_lost', 'broker_unavailable']).toContain((outcome.reason as { code?: string }).code);
        }
      }
    });

    it('stops in bounded time with the server away, or silent', async () => {
      const away = await bench.startBehindLine();
      const queue = await bench.declared(away.broker);
      await bench.consume(away.broker, queue, 1);
      await away.broker.openReplies(() => undefined);
      const change = inState(away.broker, 'down');
      await away.line.refuse();
      await change;
      await within(5000, 'stop with the server away', away.broker.stop());

      const silent = await bench.startBehindLine();
      await bench.consume(silent.broker, queue, 1);
      silent.line.blackhole();
      await within(8000, 'stop with a silent server', silent.broker.stop());
      await silent.line.heal();
      await untilHolds(() => expect(silent.line.connections).toBe(0));
    });

    it('leaves no connection open after stop', async () => {
      const { broker, line } = await bench.startBehindLine();
      await bench.consume(broker, await bench.declared(broker), 1);
      await broker.openReplies(() => undefined);
      expect(line.connections).toBeGreaterThan(0);
      await broker.stop();
      await untilHolds(() => expect(line.connections).toBe(0));
    });

    it('lets its process end by itself after stop', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const child = startChild(bench, { mode: 'stop', queue, prefetch: 1, ackFirst: 0 });
      await child.next('stopped');
      expect(await within(10_000, 'the process to end', child.ended)).toEqual({ code: 0, signal: null });
    });
  });
}
