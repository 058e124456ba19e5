import { EventEmitter } from 'node:events';
import type { ChannelModel } from 'amqplib';
import { TestClock } from '@lovage/testing';
import { onThrowawayChannel } from './throwaway.ts';

/** Counts its channels. */
class FakeConnection {
  open = 0;
  most = 0;

  createChannel(): Promise<EventEmitter> {
    this.open += 1;
    this.most = Math.max(this.most, this.open);
    const close = () => {
      this.open -= 1;
      return Promise.resolve();
    };
    return Promise.resolve(Object.assign(new EventEmitter(), { close }));
  }
}

const ask = (connection: FakeConnection, use: () => Promise<number>) =>
  onThrowawayChannel(connection as unknown as ChannelModel, use);

test('a thousand questions at once open a few channels at a time, on each connection', async () => {
  const [one, other] = [new FakeConnection(), new FakeConnection()];
  const later = (n: number) => new Promise<number>((resolve) => setImmediate(() => resolve(n)));
  const numbers = Array.from({ length: 1000 }, (_, n) => n);
  const asked = numbers.map((n) => ask(n % 2 ? one : other, () => later(n)));
  expect(await Promise.all(asked)).toEqual(numbers);
  for (const { open, most } of [one, other]) {
    expect(open).toBe(0);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
  }
});

test('a question that fails closes its channel', async () => {
  const connection = new FakeConnection();
  const asked = Array.from({ length: 50 }, () => ask(connection, () => Promise.reject(new Error('404'))));
  for (const result of await Promise.allSettled(asked)) expect(result.status).toBe('rejected');
  expect(await ask(connection, () => Promise.resolve(1))).toBe(1);
  expect(connection.open).toBe(0);
});

test('a question that the server never answers is given up, and leaves room for others', async () => {
  const [connection, clock] = [new FakeConnection() as unknown as ChannelModel, new TestClock()];
  const silent = Array.from({ length: 20 }, () =>
    onThrowawayChannel(connection, () => new Promise<never>(() => undefined), clock),
  );
  const outcomes = Promise.allSettled(silent);
  const answered = onThrowawayChannel(connection, () => Promise.resolve(7), clock);
  await clock.advance(60_000);
  expect(await answered).toBe(7);
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({
      reason: { name: 'BrokerUnavailableError', message: expect.stringContaining('30 s') },
    });
});
