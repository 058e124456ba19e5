import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Broker, BrokerState, Consumption, OutgoingMessage } from '@lovage/ports';
import { TcpProxy } from '@lovage/testing';
import { within } from '../within.ts';
import { Inbox } from './inbox.ts';
import type { BrokerCapabilities, BrokerConformanceOptions, BrokerUnderTest, ConnectOptions } from './under-test.ts';

/** What each test works with. Everything that it makes is stopped and removed after the test. */
export class Bench {
  readonly capabilities: Required<Pick<BrokerCapabilities, 'redeliveryAfterKillMs'>> & BrokerCapabilities;
  private target: BrokerUnderTest | undefined;
  private cleaner: Broker | undefined;
  private queues: string[] = [];
  private cleanups: (() => Promise<unknown> | void)[] = [];

  constructor(options: BrokerConformanceOptions) {
    this.capabilities = { redeliveryAfterKillMs: 15_000, ...options.capabilities };
    beforeAll(async () => {
      this.target = await options.create();
      this.cleaner = this.target.connect();
      await this.cleaner.start();
    }, 60_000);
    afterEach(() => this.cleanUp(), 60_000);
    afterAll(async () => {
      await this.cleaner?.stop();
      await this.target?.dispose();
    }, 60_000);
  }

  get underTest(): BrokerUnderTest {
    return this.target!;
  }

  /** The server's URL with another port of this machine. */
  urlAt(port: number): string {
    const url = new URL(this.underTest.url);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    return url.toString();
  }

  /** Runs after the test, last registered first. */
  defer(cleanup: () => Promise<unknown> | void): void {
    this.cleanups.push(cleanup);
  }

  /** A broker that is not started. */
  make(options?: ConnectOptions): Broker {
    const broker = this.underTest.connect(options);
    this.defer(() => broker.stop());
    return broker;
  }

  async start(options?: ConnectOptions): Promise<Broker> {
    const broker = this.make(options);
    await broker.start();
    return broker;
  }

  /** A started broker behind a proxy. */
  async startBehindProxy(): Promise<{ broker: Broker; proxy: TcpProxy }> {
    const proxy = await TcpProxy.before(this.underTest.url);
    this.defer(() => proxy.close());
    return { broker: await this.start({ url: proxy.url }), proxy };
  }

  /** Name of a queue that nobody else uses, not declared. Deleted after the test. */
  unusedQueue(): string {
    const queue = `conformance.${randomUUID()}`;
    this.queues.push(queue);
    return queue;
  }

  async declared(broker: Broker): Promise<string> {
    const queue = this.unusedQueue();
    await broker.declare(queue);
    return queue;
  }

  /** Consumes into an inbox. */
  async consume(broker: Broker, queue: string, prefetch: number): Promise<{ inbox: Inbox; consumption: Consumption }> {
    const inbox = new Inbox();
    const consumption = await broker.consume(queue, { prefetch, onDelivery: inbox.onDelivery });
    return { inbox, consumption };
  }

  private async cleanUp(): Promise<void> {
    const failures: unknown[] = [];
    for (const cleanup of this.cleanups.splice(0).reverse()) {
      try {
        await within(30_000, 'cleaning up', Promise.resolve(cleanup()));
      } catch (error) {
        failures.push(error);
      }
    }
    // Only now: a broker that still consumes a queue declares it again when it is deleted.
    await Promise.all(this.queues.splice(0).map((queue) => this.cleaner!.deleteQueue(queue)));
    if (failures.length > 0) throw new AggregateError(failures, 'cleaning up after the test failed');
  }
}

export function message(queue: string, body: string | Buffer, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    queue,
    body: typeof body === 'string' ? Buffer.from(body) : body,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: {},
    ...more,
  };
}

/** Publishes these bodies, all in flight at once. */
export async function publishAll(broker: Broker, queue: string, bodies: readonly string[]): Promise<void> {
  await Promise.all(bodies.map((body) => broker.publish(message(queue, body))));
}

/** `body-0` … */
export function bodies(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `body-${n}`);
}

/** Resolves when the broker is in this state; at once when it is. */
export function inState(broker: Broker, state: BrokerState): Promise<void> {
  if (broker.state === state) return Promise.resolve();
  const reached = new Promise<void>((resolve) => {
    const off = broker.onStateChange((now) => {
      if (now !== state) return;
      off();
      resolve();
    });
  });
  return within(20_000, `broker state ${state}`, reached);
}
