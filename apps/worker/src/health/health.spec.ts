import type { BrokerState, ConsumptionHealth } from '@lovage/ports';
import { TestClock } from '@lovage/testing';
import { serveHealth } from './health-server.ts';
import { WorkerHealth, type WorkerHealthDocument } from './worker-health.ts';

const since = Date.UTC(2026, 0, 1);
const consuming: ConsumptionHealth = { state: 'consuming', since };

/** A worker in perfect health, but for what the test says. */
function healthOf(
  sick: {
    broker?: BrokerState;
    leaseHeld?: boolean;
    isStopping?: boolean;
    queues?: Record<string, ConsumptionHealth>;
    ping?: () => Promise<void>;
    clock?: TestClock;
  } = {},
) {
  return new WorkerHealth({
    worker: {
      queues: new Map(Object.entries(sick.queues ?? { default: consuming })),
      leaseHeld: sick.leaseHeld ?? true,
      isStopping: sick.isStopping ?? false,
    },
    broker: { state: sick.broker ?? 'up' },
    pingDatabase: sick.ping ?? (() => Promise.resolve()),
    clock: sick.clock ?? new TestClock(),
  });
}

test.each([
  ['all well', {}, 'ready'],
  ['a broker that is blocked delivers', { broker: 'blocked' }, 'ready'],
  ['a queue that was paused', { queues: { default: { state: 'paused', since } } }, 'ready'],
  ['no broker', { broker: 'down' }, 'not_ready'],
  ['no lease', { leaseHeld: false }, 'not_ready'],
  ['no database', { ping: () => Promise.reject(new Error('away')) }, 'not_ready'],
  ['one queue stalled', { queues: { a: consuming, b: { state: 'stalled', since } } }, 'not_ready'],
  ['stopping', { isStopping: true }, 'stopping'],
] as const)('%s', async (_, sick, status) => {
  expect((await healthOf(sick).check()).status).toBe(status);
});

test('a database that does not answer is down', async () => {
  const clock = new TestClock();
  const checking = healthOf({ clock, ping: () => new Promise(() => undefined) }).check();
  await clock.advance(1500);
  expect(await checking).toMatchObject({ status: 'not_ready', database: 'down' });
});

test('is served: 200 or 503, with the reason', async () => {
  let leaseHeld = true;
  const health = new WorkerHealth({
    worker: {
      queues: new Map([['default', consuming]]),
      get leaseHeld() {
        return leaseHeld;
      },
      isStopping: false,
    },
    broker: { state: 'up' },
    pingDatabase: () => Promise.resolve(),
    clock: new TestClock(),
  });
  const server = await serveHealth(health, { host: '127.0.0.1', port: 0 });
  try {
    const ready = await fetch(`${server.url}/health/ready`);
    expect(ready.status).toBe(200);
    expect((await ready.json()) as WorkerHealthDocument).toEqual({
      status: 'ready',
      broker: 'up',
      lease: 'held',
      database: 'up',
      queues: { default: { state: 'consuming', since: '2026-01-01T00:00:00.000Z' } },
    });
    leaseHeld = false;
    const not = await fetch(`${server.url}/health/ready`);
    expect(not.status).toBe(503);
    expect(await not.json()).toMatchObject({ status: 'not_ready', lease: 'not_held' });
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
    expect((await fetch(`${server.url}/health/ready`, { method: 'POST' })).status).toBe(405);
  } finally {
    await server.stop();
  }
});
