import { afterEach, describe, expect, it } from '@jest/globals';
import type { ChannelModel } from 'amqplib';
import { systemClock, type Clock, type Delivery, type OutgoingMessage } from '@lovage/ports';
import { describeWithRabbit, eventually, RecordingLog, silentLog, TestClock } from '@lovage/testing';
import { RabbitBroker } from '../rabbit-broker.ts';
import { SpeakingProxy } from '../testing/speaking-proxy.ts';
import { LOOK_MS, Watchdog, type ConsumerProgress, type WatchedQueue } from './watchdog.ts';

/** A subscription and a server, both as the test says. */
class Fake implements WatchedQueue {
  readonly queue = 'q';
  progress: ConsumerProgress | undefined = { channel: {}, received: 0, hasRoom: true };
  stalled = false;
  rebuilt = 0;
  asked = 0;
  depth = { messageCount: 0, consumerCount: 1 };
  readonly clock = new TestClock();
  readonly watchdog = new Watchdog({
    connection: () => this.connection as unknown as ChannelModel,
    clock: this.clock,
    log: silentLog,
  });
  private readonly connection = {
    createChannel: () =>
      Promise.resolve({
        on: () => undefined,
        once: () => undefined,
        close: () => Promise.resolve(),
        checkQueue: () => {
          this.asked += 1;
          return Promise.resolve(this.depth);
        },
      }),
  };

  setStalled(stalled: boolean): void {
    this.stalled = stalled;
  }

  rebuild(): void {
    this.rebuilt += 1;
  }

  async look(): Promise<void> {
    await this.clock.advance(LOOK_MS);
    // The answers of the fake server.
    for (let pass = 0; pass < 5; pass += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  receive(count: number): void {
    this.progress = { ...this.progress!, received: this.progress!.received + count };
  }
}

describe('Watchdog', () => {
  it('subscribes anew when messages wait in two looks and none comes', async () => {
    const fake = new Fake();
    fake.watchdog.add(fake);
    fake.depth = { messageCount: 3, consumerCount: 1 };
    await fake.look();
    expect(fake).toMatchObject({ rebuilt: 0, stalled: false });
    await fake.look();
    expect(fake).toMatchObject({ rebuilt: 1, stalled: true });
    fake.progress = { channel: {}, received: 1, hasRoom: true };
    await fake.look();
    expect(fake).toMatchObject({ rebuilt: 1, stalled: false });
  });

  it('subscribes anew at once when the server counts no consumer', async () => {
    const fake = new Fake();
    fake.watchdog.add(fake);
    fake.depth = { messageCount: 0, consumerCount: 0 };
    await fake.look();
    expect(fake.rebuilt).toBe(1);
  });

  it('asks nothing of a subscription that gets something, is full, or is away', async () => {
    const fake = new Fake();
    fake.watchdog.add(fake);
    fake.depth = { messageCount: 1000, consumerCount: 1 };
    fake.receive(1);
    await fake.look();
    fake.receive(1);
    await fake.look();
    fake.progress = { ...fake.progress!, hasRoom: false };
    await fake.look();
    await fake.look();
    fake.progress = undefined;
    await fake.look();
    await fake.look();
    expect(fake).toMatchObject({ asked: 0, rebuilt: 0 });
  });

  it('forgets a strike when a message comes in between', async () => {
    const fake = new Fake();
    fake.watchdog.add(fake);
    fake.depth = { messageCount: 3, consumerCount: 1 };
    await fake.look();
    fake.receive(1);
    await fake.look();
    await fake.look();
    expect(fake.rebuilt).toBe(0);
  });

  it('looks no more once there is nothing to look after', async () => {
    const fake = new Fake();
    fake.watchdog.add(fake);
    fake.watchdog.remove(fake);
    fake.depth = { messageCount: 3, consumerCount: 0 };
    await fake.look();
    expect(fake.asked).toBe(0);
  });
});

/** Real time, in which a watchdog looks ten times a second. */
const looksOften: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (delayMs, run) => systemClock.after(delayMs === LOOK_MS ? 100 : delayMs, run),
};

describeWithRabbit('a consumer that gets nothing', (rabbit) => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function consuming(prefetch: number) {
    const proxy = await SpeakingProxy.before(rabbit.url);
    stops.push(() => proxy[Symbol.asyncDispose]());
    const log = new RecordingLog();
    const broker = new RabbitBroker({ url: proxy.url, log, clock: looksOften });
    stops.push(() => broker.stop());
    await broker.start();
    const queue = rabbit.queue();
    await broker.declare(queue);
    const arrived: string[] = [];
    const consumption = await broker.consume(queue, {
      prefetch,
      onDelivery: (delivery: Delivery) => {
        arrived.push(delivery.body.toString());
        delivery.ack();
      },
    });
    const found = log.logged.next((entry) => entry.message.includes('does not consume'));
    return { proxy, broker, queue, arrived, consumption, found };
  }

  const message = (queue: string, body: string, priority?: number): OutgoingMessage => ({
    queue,
    priority,
    body: Buffer.from(body),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
  });

  it('is found when its deliveries get lost on the way, and gets them all on a new channel', async () => {
    const { proxy, broker, queue, arrived, consumption, found } = await consuming(2);
    expect(consumption.health.state).toBe('consuming');
    proxy.swallowing = true;
    for (const body of ['a', 'b', 'c', 'd']) await broker.publish(message(queue, body));
    await found;
    expect(consumption.health.state).toBe('stalled');
    expect(arrived).toEqual([]);
    proxy.swallowing = false;
    await eventually(() => new Set(arrived).size === 4, { timeoutMs: 60_000 });
    await eventually(() => consumption.health.state === 'consuming', { timeoutMs: 60_000 });
  }, 40_000);

  it('is found when the server has dropped it without a word', async () => {
    const { proxy, broker, queue, arrived, found } = await consuming(2);
    proxy.cancelBehindItsBack('first');
    await eventually(async () => (await broker.depth(queue)).consumers === 0);
    await broker.publish(message(queue, 'waits'));
    await found;
    await eventually(() => arrived.includes('waits'), { timeoutMs: 60_000 });
  }, 40_000);

  it('is found when it is that of a level alone', async () => {
    const { proxy, broker, queue, arrived, found } = await consuming(2);
    proxy.cancelBehindItsBack('latest');
    await found;
    for (const priority of [9, 1]) await broker.publish(message(queue, String(priority), priority));
    await eventually(() => arrived.includes('9') && arrived.includes('1'), { timeoutMs: 60_000 });
  }, 40_000);

  it('tells that it was cancelled', async () => {
    const { consumption } = await consuming(2);
    await consumption.cancel();
    expect(consumption.health.state).toBe('paused');
  });
});
