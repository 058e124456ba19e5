import { describe, expect, it } from '@jest/globals';
import type { Delivery } from '@lovage/ports';
import { DeliveryInbox, texts } from './delivery-inbox.ts';

const delivery = (body: string): Delivery => ({ body: Buffer.from(body) }) as Delivery;

describe('DeliveryInbox', () => {
  it('gives each delivery once, in order, those there already and those to come', async () => {
    const inbox = new DeliveryInbox();
    inbox.onDelivery(delivery('a'));
    inbox.onDelivery(delivery('b'));
    const taken = inbox.take(4);
    inbox.onDelivery(delivery('c'));
    inbox.onDelivery(delivery('d'));
    inbox.onDelivery(delivery('e'));
    expect((await taken).map((one) => one.body.toString())).toEqual(['a', 'b', 'c', 'd']);
    expect((await inbox.next()).body.toString()).toBe('e');
    expect(inbox.received).toHaveLength(5);
  });

  it('says what did not come', async () => {
    await expect(new DeliveryInbox().next(1)).rejects.toThrow('a delivery: not within 1 ms');
  });

  it('compares bodies whatever their order', () => {
    expect(texts([delivery('b'), delivery('a')])).toEqual(['a', 'b']);
  });
});
