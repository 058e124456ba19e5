import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Broker, BrokerState, Consumption, OutgoingMessage } from '@lovage/ports';
import { TcpProxy } from '@lovage/testing';
import { within } from '../within.ts';
import { DeliveryInbox } from './delivery-inbox.ts';
import type {
  Alarm,
  BrokerCapabilities,
  BrokerConformanceOptions,
  BrokerUnderTest,
  ConnectOptions,
  Line,
} from './under-test.ts';

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

  /** Runs after the test, last registered first. */
  defer(cleanup: () => Promise<unknown> | void): void {
    this.cleanups.push(cleanup);
  }

  /** A broker that is not started. */
  make(options?: ConnectOptions): Broker {
    return this.stoppedAfter(this.underTest.connect(options));
  }

  async start(options?: ConnectOptions): Promise<Broker> {
    const broker = this.make(options);
    await broker.start();
    return broker;
  }

  /** A line to the server that the test may break. */
  async line(): Promise<Line> {
    const { underTest } = this;
    const line = await (underTest.line?.() ?? tcpLine(underTest));
    this.defer(() => line.close());
    return {
      ...{ close: () => line.close(), cut: () => line.cut(), refuse: () => line.refuse(), heal: () => line.heal() },
      ...{ blackhole: () => line.blackhole(), holdAnswers: () => line.holdAnswers() },
      get connections() {
        return line.connections;
      },
      connect: (options) => this.stoppedAfter(line.connect(options)),
    };
  }

  /** A started broker behind such a line. */
  async startBehindLine(): Promise<{ broker: Broker; line: Line }> {
    const line = await this.line();
    const broker = line.connect();
    await broker.start();
    return { broker, line };
  }

  /** A started broker whose server can be made to take no messages. */
  async startAlarmed(): Promise<{ broker: Broker; alarm: Alarm }> {
    const alarm = await this.underTest.alarm!();
    this.defer(() => alarm.close());
    const broker = this.stoppedAfter(alarm.connect());
    await broker.start();
    return { broker, alarm };
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
  async consume(
    broker: Broker,
    queue: string,
    prefetch: number,
  ): Promise<{ inbox: DeliveryInbox; consumption: Consumption }> {
    const inbox = new DeliveryInbox();
    const consumption = await broker.consume(queue, { prefetch, onDelivery: inbox.onDelivery });
    return { inbox, consumption };
  }

  private stoppedAfter(broker: Broker): Broker {
    this.defer(() => broker.stop());
    return broker;
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

async function tcpLine({ url, connect }: BrokerUnderTest): Promise<Line> {
  const proxy = await TcpProxy.before(url);
  return Object.assign(proxy, { connect: (options?: ConnectOptions) => connect({ ...options, url: proxy.url }) });
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
    const unsubscribe = broker.onStateChange((now) => {
      if (now !== state) return;
      unsubscribe();
      resolve();
    });
  });
  return within(20_000, `broker state ${state}`, reached);
}
