import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { deferred } from '@lovage/foundation';
import type { BrokerState, Delivery, OutgoingMessage } from '@lovage/ports';
import { describeWithRabbit, eventually, RecordingLog, TcpProxy } from '@lovage/testing';
import { RabbitBroker } from './rabbit-broker.ts';
import { Plain } from './testing/plain.ts';
import { blocked, forcedClose, SpeakingProxy } from './testing/speaking-proxy.ts';

describeWithRabbit('recovery', (rabbit) => {
  const plain = new Plain(rabbit.url);
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function behindProxy(): Promise<{ broker: RabbitBroker; proxy: SpeakingProxy; log: RecordingLog }> {
    const proxy = await SpeakingProxy.before(rabbit.url);
    stops.push(() => proxy[Symbol.asyncDispose]());
    const log = new RecordingLog();
    const broker = new RabbitBroker({ url: proxy.url, log });
    stops.push(() => broker.stop());
    await broker.start();
    return { broker, proxy, log };
  }

  function nextState(broker: RabbitBroker, wanted: BrokerState): Promise<void> {
    const reached = deferred();
    const unsubscribe = broker.onStateChange((state) => {
      if (state !== wanted) return;
      unsubscribe();
      reached.resolve();
    });
    return reached.promise;
  }

  function message(queue: string, body: string): OutgoingMessage {
    return { queue, body: Buffer.from(body), contentType: 'text/plain', contentEncoding: 'utf-8', headers: {} };
  }

  it('counts as lost what the server had not confirmed when it stopped taking messages', async () => {
    const { broker, proxy } = await behindProxy();
    const queue = rabbit.queue();
    await broker.declare(queue);
    const change = nextState(broker, 'blocked');
    const inFlight = broker.publish(message(queue, 'x'.repeat(100)));
    const settled = expect(inFlight).rejects.toMatchObject({ code: 'confirm_lost' });
    // Said before the answer: the frames of the publish have not left this process yet.
    proxy.say(blocked('disk'), 'publish');
    await change;
    await settled;
  });

  it('is not blocked any more on a new connection', async () => {
    const { broker, proxy } = await behindProxy();
    const queue = rabbit.queue();
    await broker.declare(queue);
    let change = nextState(broker, 'blocked');
    proxy.say(blocked('disk'), 'publish');
    await change;
    change = nextState(broker, 'up');
    proxy.say(forcedClose(), 'publish');
    await change;
    await broker.publish(message(queue, 'taken'));
  });

  it('comes back after the server closed its connections by order, and consumes again', async () => {
    const { broker, proxy } = await behindProxy();
    const queue = rabbit.queue();
    await broker.declare(queue);
    const bodies: string[] = [];
    await broker.consume(queue, {
      prefetch: 5,
      onDelivery: (delivery) => {
        bodies.push(delivery.body.toString());
        delivery.ack();
      },
    });
    const inbox = await broker.openReplies((reply) => bodies.push(`reply ${reply.correlationId}`));
    const down = nextState(broker, 'down');
    const up = nextState(broker, 'up');
    proxy.say(forcedClose(), 'publish');
    proxy.say(forcedClose(), 'consume');
    await down;
    await up;
    await broker.publish(message(queue, 'after'));
    await eventually(() => bodies.includes('after'));
    await eventually(() => {
      broker.reply(inbox.address, { correlationId: 'after', body: Buffer.from('') });
      return bodies.includes('reply after');
    });
  });

  it('declares and serves a queue anew that was deleted under it', async () => {
    const { broker, log } = await behindProxy();
    const queue = rabbit.queue();
    await broker.declare(queue);
    const arrived: Delivery[] = [];
    await broker.consume(queue, { prefetch: 5, onDelivery: (delivery) => arrived.push(delivery) });
    await broker.publish(message(queue, 'goes with the queue'));
    await eventually(() => arrived.length === 1);

    const cancelled = log.logged.next((entry) => entry.message.includes('ended a subscription'));
    await plain.on((channel) => channel.deleteQueue(queue));
    await cancelled;
    arrived[0]!.ack();
    await eventually(async () => (await broker.depth(queue)).consumers === 1);
    await broker.publish(message(queue, 'after'));
    await eventually(() => arrived.some((delivery) => delivery.body.toString() === 'after'));
    expect(broker.state).toBe('up');
  });

  it('serves again, by itself, a queue that somebody held exclusively when the connection came back', async () => {
    const proxy = await TcpProxy.before(rabbit.url);
    stops.push(() => proxy.close());
    const log = new RecordingLog();
    const broker = new RabbitBroker({ url: proxy.url, log });
    stops.push(() => broker.stop());
    await broker.start();
    const queue = rabbit.queue();
    await plain.on((channel) => channel.assertQueue(queue, { durable: true }));
    const arrived: Delivery[] = [];
    await broker.consume(queue, { prefetch: 5, onDelivery: (delivery) => arrived.push(delivery) });

    const down = nextState(broker, 'down');
    await proxy.refuse();
    await down;
    // Refused, which closes the channel, until the server has noticed that our consumer is gone.
    const theirs = await eventually(async () => {
      const channel = await plain.connection.createChannel();
      channel.on('error', () => undefined);
      await channel.consume(queue, () => undefined, { exclusive: true });
      return channel;
    });
    const refused = log.logged.next((entry) => entry.message.includes('could not be opened'));
    const up = nextState(broker, 'up');
    await proxy.heal();
    await refused;
    await up;
    await theirs.close();
    await eventually(async () => (await broker.depth(queue)).consumers === 1, { timeoutMs: 60_000 });
    await broker.publish(message(queue, 'after'));
    await eventually(() => arrived.length === 1);
  });

  it('says why it cannot start, and names no password; at once where trying again cannot help', async () => {
    for (const [part, value, connectTimeoutMs, expected] of [
      ['password', 'not-the-password', 60_000, /with these credentials/],
      ['pathname', '/no-such-vhost', 1000, /create its vhost/],
    ] as const) {
      const url = new URL(rabbit.url);
      url[part] = value;
      const log = new RecordingLog();
      const broker = new RabbitBroker({ url: url.toString(), log, connectTimeoutMs });
      const error = await broker.start().then(
        () => undefined,
        (reason: unknown) => reason as Error,
      );
      expect(error).toMatchObject({
        code: 'broker_unavailable',
        message: expect.stringMatching(expected) as unknown as string,
      });
      expect(JSON.stringify([error?.message, broker.displayUrl, log.entries])).not.toContain('not-the-password');
      await broker.stop();
    }
  });

  it('keeps quiet about a server that stays away: one line for one reason', async () => {
    const server = createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    let attempts = 0;
    const third = deferred();
    server.on('connection', () => {
      attempts += 1;
      if (attempts === 6) third.resolve();
    });
    const log = new RecordingLog();
    const broker = new RabbitBroker({
      url: `amqp://u:secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
      log,
      connectTimeoutMs: 30_000,
    });
    const starting = broker.start().catch(() => undefined);
    await third.promise;
    await broker.stop();
    await starting;
    server.close();
    // One for each of the two connections.
    expect(log.entries.filter((entry) => entry.level === 'warn')).toHaveLength(2);
    expect(JSON.stringify(log.entries)).not.toContain('secret');
  });
});
