import type { Delivery, Log, OutgoingMessage } from '@lovage/ports';
import type { PostgresBrokerOptions } from '../options.ts';
import { PostgresBroker } from '../postgres-broker.ts';

const nothing = (): void => undefined;
export const noLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => noLog };

/** Brokers of one test, all stopped at its end: `await using brokers = new Brokers(url)`. */
export class Brokers implements AsyncDisposable {
  private readonly made: PostgresBroker[] = [];

  constructor(private readonly url: string) {}

  make(options: Partial<PostgresBrokerOptions> = {}): PostgresBroker {
    const broker = new PostgresBroker({ url: this.url, log: noLog, ...options });
    this.made.push(broker);
    return broker;
  }

  async start(options?: Partial<PostgresBrokerOptions>): Promise<PostgresBroker> {
    const broker = this.make(options);
    await broker.start();
    return broker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.made.map((broker) => broker.stop()));
  }
}

export function message(queue: string, body: string | Buffer, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    queue,
    body: Buffer.from(body),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
    ...more,
  };
}

/** Deliveries in the order they came; hand `onDelivery` to `consume`. */
export class Deliveries {
  private readonly waiting: Delivery[] = [];
  private readonly takers: ((delivery: Delivery) => void)[] = [];

  readonly onDelivery = (delivery: Delivery): void => {
    const taker = this.takers.shift();
    if (taker) taker(delivery);
    else this.waiting.push(delivery);
  };

  /** Delivered and not taken with {@link next}. */
  get left(): number {
    return this.waiting.length;
  }

  next(): Promise<Delivery> {
    const delivery = this.waiting.shift();
    return delivery ? Promise.resolve(delivery) : new Promise((resolve) => this.takers.push(resolve));
  }

  async take(count: number): Promise<Delivery[]> {
    const taken: Delivery[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }
}
