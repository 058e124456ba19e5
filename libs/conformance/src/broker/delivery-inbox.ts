import type { Delivery } from '@lovage/ports';
import { within } from '../within.ts';

/** Keeps the deliveries of a consumption in the order they came, to be taken one by one. */
export class DeliveryInbox {
  /** All that ever came. */
  readonly received: Delivery[] = [];
  private taken = 0;
  private waiters: (() => void)[] = [];

  readonly onDelivery = (delivery: Delivery): void => {
    this.received.push(delivery);
    for (const wake of this.waiters.splice(0)) wake();
  };

  /** The next delivery not taken yet. */
  async next(ms = 15_000): Promise<Delivery> {
    while (this.taken >= this.received.length) {
      await within(ms, 'a delivery', new Promise<void>((resolve) => this.waiters.push(resolve)));
    }
    return this.received[this.taken++]!;
  }

  async take(count: number, ms?: number): Promise<Delivery[]> {
    const taken: Delivery[] = [];
    while (taken.length < count) taken.push(await this.next(ms));
    return taken;
  }
}

export function text(delivery: Delivery): string {
  return delivery.body.toString('utf8');
}

/** Bodies, sorted: no order between messages is promised. */
export function texts(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(text).sort();
}
