import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Reply } from '@lovage/ports';
import { testDatabase } from '@lovage/testing';
import { Brokers } from '../testing/brokers.ts';

/** Replies in the order they came. */
class CollectedReplies {
  private readonly waiting: Reply[] = [];
  private takers: ((reply: Reply) => void)[] = [];
  readonly onReply = (reply: Reply): void => {
    const taker = this.takers.shift();
    if (taker) taker(reply);
    else this.waiting.push(reply);
  };
  next(): Promise<Reply> {
    const reply = this.waiting.shift();
    return reply ? Promise.resolve(reply) : new Promise((resolve) => this.takers.push(resolve));
  }
}

describe('replies', () => {
  test('of any size and content arrive, and nothing stays stored', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const [caller, worker] = [await brokers.start(), await brokers.start()];
    const replies = new CollectedReplies();
    const inbox = await caller.openReplies(replies.onReply);
    const bodies = [
      Buffer.alloc(0),
      Buffer.from('{"ok":true}'),
      Buffer.from('žluť 🐎'),
      Buffer.from('nul \0 in the middle'),
      Buffer.from('"quotes" and \\ and {braces}'),
      randomBytes(5000),
      Buffer.alloc(7990, 'x'),
      Buffer.alloc(8000, 'x'),
      randomBytes(300_000),
    ];
    for (const [n, body] of bodies.entries()) {
      worker.reply(inbox.address, { correlationId: `no ${n} ž\n`, body });
      const reply = await replies.next();
      expect(reply.correlationId).toBe(`no ${n} ž\n`);
      expect(reply.body.equals(body)).toBe(true);
    }
    expect(await db.query('select 1 from lovage_broker.replies')).toEqual([]);
  });

  test('what is too large, or goes to what is no inbox, is dropped and harms nothing', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const [caller, worker] = [await brokers.start(), await brokers.start({ maxMessageBytes: 20_000 })];
    const replies = new CollectedReplies();
    const inbox = await caller.openReplies(replies.onReply);
    worker.reply(inbox.address, { correlationId: 'large', body: Buffer.alloc(20_001) });
    worker.reply(inbox.address, { correlationId: 'x'.repeat(9000), body: Buffer.alloc(10) });
    worker.reply(inbox.address, { correlationId: 'lone \ud800', body: Buffer.alloc(10) });
    for (const address of ['', 'lovage_q_x', `${inbox.address}x`, 'a'.repeat(100), 'nul\0', 'some.queue'])
      worker.reply(address, { correlationId: 'astray', body: Buffer.from('x') });
    worker.reply(inbox.address, { correlationId: 'fine', body: Buffer.from('x') });
    expect((await replies.next()).correlationId).toBe('fine');
  });

  test('a forged notification does nothing', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    const replies = new CollectedReplies();
    const inbox = await broker.openReplies(replies.onReply);
    for (const forged of ['', 'what', 's1 2', 's 999', 't', 'b%ff x'])
      await db.query('select pg_notify($1, $2)', [inbox.address, forged]);
    broker.reply(inbox.address, { correlationId: 'real', body: Buffer.from('x') });
    expect((await replies.next()).correlationId).toBe('real');
  });

  test('a listener that throws does not end the inbox', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    const replies = new CollectedReplies();
    const inbox = await broker.openReplies((reply) => {
      replies.onReply(reply);
      throw new Error('a listener that throws, for the test');
    });
    for (const id of ['one', 'two']) {
      broker.reply(inbox.address, { correlationId: id, body: Buffer.from('x') });
      expect((await replies.next()).correlationId).toBe(id);
    }
  });

  test('there is one inbox at a time, and another after it is closed', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    const first = await broker.openReplies(() => undefined);
    await expect(broker.openReplies(() => undefined)).rejects.toThrow('open already');
    await first.close();
    await first.close();
    const replies = new CollectedReplies();
    const second = await broker.openReplies(replies.onReply);
    expect(second.address).not.toBe(first.address);
    broker.reply(second.address, { correlationId: 'x', body: Buffer.from('x') });
    await replies.next();
  });
});
