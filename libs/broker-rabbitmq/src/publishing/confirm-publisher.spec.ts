import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import type { ConfirmChannel, Message } from 'amqplib';
import { deferred } from '@lovage/foundation';
import { systemClock, type OutgoingMessage } from '@lovage/ports';
import { describeWithRabbit, eventually, RecordingLog, silentLog, TestClock } from '@lovage/testing';
import { Link } from '../connection/link.ts';
import { KeptChannel } from '../connection/kept-channel.ts';
import type { RabbitBrokerOptions } from '../options.ts';
import { RabbitBroker } from '../rabbit-broker.ts';
import { Plain } from '../testing/plain.ts';
import { CONFIRM_MS, ConfirmPublisher } from './confirm-publisher.ts';

const PLAIN = { contentType: 'application/json', contentEncoding: 'utf-8', headers: {} };

describeWithRabbit('publishing', (rabbit) => {
  const plain = new Plain(rabbit.url);
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  async function started(options: Partial<RabbitBrokerOptions> = {}): Promise<RabbitBroker> {
    const broker = new RabbitBroker({ url: rabbit.url, log: silentLog, ...options });
    stops.push(() => broker.stop());
    await broker.start();
    return broker;
  }

  function message(queue: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
    return {
      queue,
      body: Buffer.from('{}'),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: {},
      ...more,
    };
  }

  it('sends what amqplib’s own publish sends: persistent, without expiry, to the default exchange', async () => {
    const broker = await started();
    const queue = rabbit.queue();
    await broker.declare(queue);
    const headers = {
      lang: 'js',
      list: [null, 1],
      deep: { a: [{ b: 'ž' }] },
      flag: false,
      big: 2 ** 40,
      left: undefined,
    };
    const id = randomUUID();
    const body = Buffer.from('{"x":1}');
    await broker.publish(message(queue, { headers, correlationId: id, replyTo: 'reply.here', body }));
    const ours = await plain.next(queue);
    await plain.on((channel) => {
      channel.publish('', queue, body, {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers,
        correlationId: id,
        replyTo: 'reply.here',
        deliveryMode: 2,
        messageId: ours.properties.messageId as string,
      });
      return Promise.resolve();
    });
    const theirs = await plain.next(queue);
    expect(ours.properties).toEqual(theirs.properties);
    expect(ours.content).toEqual(theirs.content);
    expect(ours.properties.deliveryMode).toBe(2);
    expect(ours.properties.expiration).toBeUndefined();
    expect(ours.fields).toMatchObject({ exchange: '', routingKey: queue });
  });

  it('says so when the queue refuses, and tells it from what it took', async () => {
    const broker = await started();
    const queue = rabbit.queue();
    await plain.on((channel) =>
      channel.assertQueue(queue, { durable: true, maxLength: 5, arguments: { 'x-overflow': 'reject-publish' } }),
    );
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => broker.publish(message(queue))));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'publish_refused' });
    expect(refused.length).toBeGreaterThan(0);
    expect((await broker.depth(queue)).ready).toBe(20 - refused.length);
  });

  it('refuses what cannot be put into frames, and keeps count of the others', async () => {
    const broker = await started({ maxBodyBytes: 1000 });
    const queue = rabbit.queue();
    await broker.declare(queue);
    const wrong: OutgoingMessage[] = [
      message(queue, { headers: { text: 'x'.repeat(70_000) } }),
      message(queue, { headers: { ['k'.repeat(300)]: 1 } }),
      message(queue, { headers: { run: () => 1 } }),
      message(queue, { correlationId: 'c'.repeat(256) }),
      message(queue, { body: Buffer.alloc(1001) }),
    ];
    const outcomes = await Promise.allSettled(
      wrong.flatMap((bad) => [
        broker.publish(message(queue)),
        broker.publish(bad),
        broker.publish(message(rabbit.queue())),
      ]),
    );
    const codes = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? 'ok' : (outcome.reason as { code: string }).code,
    );
    expect(codes).toEqual(wrong.flatMap(() => ['ok', 'publish_refused', 'unroutable']));
    expect((await broker.depth(queue)).ready).toBe(wrong.length);
    expect(broker.state).toBe('up');
  });

  it('sends a reply as Celery’s rpc backend does', async () => {
    const broker = await started();
    const queue = await plain.connection.createChannel();
    const address = randomUUID();
    await queue.assertQueue(address, { exclusive: true });
    const arrived = new Promise<Message>(
      (resolve) => void queue.consume(address, (reply) => resolve(reply!), { noAck: true }),
    );
    broker.reply(address, { correlationId: 'id', body: Buffer.from('{"status":"SUCCESS"}') });
    const reply = await arrived;
    expect(reply.properties).toMatchObject({
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      correlationId: 'id',
      deliveryMode: 1,
    });
    expect(reply.properties.headers).toEqual({});
    expect(reply.content.toString()).toBe('{"status":"SUCCESS"}');
    await queue.close();
  });

  it('replaces a channel that the server closed, and leaves the others as they are', async () => {
    const log = new RecordingLog();
    const link = new Link({
      url: rabbit.url,
      name: 'spec',
      connectTimeoutMs: 5000,
      heartbeatSeconds: 10,
      log,
      clock: systemClock,
    });
    stops.push(() => link.stop(1000));
    await link.start();
    const ready: Record<string, number> = { one: 0, two: 0 };
    let wake = (): void => undefined;
    const keep = (purpose: string) => {
      const kept = new KeptChannel({
        purpose,
        link,
        log,
        clock: systemClock,
        open: (connection) => connection.createChannel(),
        setUp: () => {
          ready[purpose]! += 1;
          setImmediate(() => wake());
          return Promise.resolve();
        },
        lost: () => undefined,
      });
      return kept;
    };
    const [one, two] = [keep('one'), keep('two')];
    await one.open(link.connection!);
    await two.open(link.connection!);
    one.keep();
    two.keep();
    const before = { one: one.current, two: two.current };
    const replaced = new Promise<void>((resolve) => {
      wake = () => {
        if (one.current && one.current !== before.one) resolve();
      };
    });
    // No such delivery: PRECONDITION_FAILED.
    one.current!.ack({ fields: { deliveryTag: 12_345 } } as Message);
    await replaced;
    expect(ready).toEqual({ one: 2, two: 1 });
    expect(two.current).toBe(before.two);
    expect(link.connection).toBeDefined();
    expect(log.entries.filter((entry) => entry.level === 'warn').map((entry) => entry.fields['channel'])).toEqual([
      'one',
    ]);
  });

  it('gives a message up that the server never confirms, and publishes on', async () => {
    const [clock, log] = [new TestClock(), new RecordingLog()];
    const link = new Link({
      ...{ url: rabbit.url, name: 'spec', connectTimeoutMs: 5000, heartbeatSeconds: 10 },
      ...{ log, clock: systemClock },
    });
    stops.push(() => link.stop(1000));
    await link.start();
    const queue = rabbit.queue();
    await plain.on((channel) => channel.assertQueue(queue, { durable: true }));
    const publisher = new ConfirmPublisher({ link, log, clock, maxBodyBytes: 1024 });
    publisher.keep();
    await eventually(() => publisher.isOpen);
    // As RabbitMQ 3.10 does for a message that met the deletion of its queue: its channel lives, and that confirm never comes.
    const silent = swallowConfirms(publisher);
    const lost = publisher.publish(queue, Buffer.from('{}'), PLAIN);
    const outcome = lost.then(
      () => 'confirmed',
      (error: Error) => error.name,
    );
    await silent.swallowed;
    await clock.advance(CONFIRM_MS);
    expect(await outcome).toBe('ConfirmLostError');
    await eventually(async () => {
      // Until the new channel is there.
      await clock.advance(100);
      return publisher.isOpen;
    });
    await publisher.publish(queue, Buffer.from('{}'), PLAIN);
    await publisher.idle();
    expect(clock.pending).toBe(1);
    await clock.advance(CONFIRM_MS);
    expect(clock.pending).toBe(0);
    expect(log.entries.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'RabbitMQ does not confirm messages: opening a new channel',
    ]);
    await publisher.close();
  });
});

/** Drops what the server confirms on the publisher's present channel. */
function swallowConfirms(publisher: ConfirmPublisher): { readonly swallowed: Promise<void> } {
  const channel = (publisher as unknown as { kept: KeptChannel<ConfirmChannel> }).kept.current!;
  const swallowed = deferred<void>();
  channel.removeAllListeners('ack');
  channel.on('ack', () => swallowed.resolve());
  return { swallowed: swallowed.promise };
}
