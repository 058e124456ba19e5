import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Reply } from '@lovage/ports';
import { untilHolds } from '../until-holds.ts';
import { within } from '../within.ts';
import { inState, message, type Bench } from './bench.ts';

export function replies(bench: Bench): void {
  describe('replies', () => {
    it('brings an answer to the inbox whose address the message carried', async () => {
      const [caller, worker] = [await bench.start(), await bench.start()];
      const queue = await bench.declared(caller);
      let answered!: (reply: Reply) => void;
      const answer = new Promise<Reply>((resolve) => (answered = resolve));
      const inbox = await caller.openReplies(answered);
      const id = randomUUID();
      const body = Buffer.from(JSON.stringify({ result: 'žluť 🐎' }));

      await worker.consume(queue, {
        prefetch: 1,
        onDelivery: (delivery) => {
          worker.reply(delivery.replyTo!, { correlationId: delivery.correlationId!, body });
          delivery.ack();
        },
      });
      await caller.publish(message(queue, 'question', { correlationId: id, replyTo: inbox.address }));
      const reply = await within(15_000, 'a reply', answer);
      expect(reply.correlationId).toBe(id);
      expect(reply.body.toString()).toBe(body.toString());
      await inbox.close();
    });

    it('brings each of many to its own inbox', async () => {
      const [one, two, worker] = [await bench.start(), await bench.start(), await bench.start()];
      const got = { one: new Set<string>(), two: new Set<string>() };
      let wake = (): void => undefined;
      const listen = (mine: Set<string>) => (reply: Reply) => {
        mine.add(reply.correlationId);
        wake();
      };
      const [inboxOne, inboxTwo] = [await one.openReplies(listen(got.one)), await two.openReplies(listen(got.two))];
      expect(inboxOne.address).not.toBe(inboxTwo.address);
      const done = new Promise<void>((resolve) => {
        wake = () => {
          if (got.one.size === 100 && got.two.size === 100) resolve();
        };
      });
      for (let n = 0; n < 100; n += 1) {
        worker.reply(inboxOne.address, { correlationId: `one-${n}`, body: Buffer.from('1') });
        worker.reply(inboxTwo.address, { correlationId: `two-${n}`, body: Buffer.from('2') });
      }
      await within(15_000, 'all replies', done);
      expect([...got.one].every((id) => id.startsWith('one-'))).toBe(true);
      expect([...got.two].every((id) => id.startsWith('two-'))).toBe(true);
    });

    it('drops a reply that nobody reads, and nothing else', async () => {
      const broker = await bench.start();
      const queue = await bench.declared(broker);
      const inbox = await broker.openReplies(() => undefined);
      await inbox.close();
      await inbox.close();
      broker.reply(inbox.address, { correlationId: 'x', body: Buffer.from('{}') });
      broker.reply(randomUUID(), { correlationId: 'x', body: Buffer.from('{}') });
      await broker.publish(message(queue, 'fine'));
      expect(broker.state).toBe('up');
      expect((await broker.depth(queue)).ready).toBe(1);
    });

    it('keeps the address over a reconnect', async () => {
      const { broker, line } = await bench.startBehindLine();
      const other = await bench.start();
      const seen = new Set<string>();
      const inbox = await broker.openReplies((reply) => seen.add(reply.correlationId));
      const address = inbox.address;
      other.reply(address, { correlationId: 'before', body: Buffer.from('{}') });
      await untilHolds(() => expect(seen).toContain('before'));

      const down = inState(broker, 'down');
      line.cut();
      await down;
      broker.reply(address, { correlationId: 'while down', body: Buffer.from('{}') });
      await inState(broker, 'up');
      expect(inbox.address).toBe(address);
      await untilHolds(() => {
        other.reply(address, { correlationId: 'after', body: Buffer.from('{}') });
        expect(seen).toContain('after');
      });
    });
  });
}
