import { allContracts } from '@lovage/contracts';
import { deferred } from '@lovage/foundation';
import type { NewApiKeyAnswer, ScalingDocument } from '@lovage/http-api';
import type { OutgoingMessage } from '@lovage/ports';
import { openUserStore } from '@lovage/store-postgres';
import { defineTask } from '@lovage/task';
import { TestClock } from '@lovage/testing';
import { z } from 'zod';
import { ensureFirstAdmin } from '../auth/first-admin.ts';
import { TestGateway } from '../testing/test-gateway.ts';

const scaling = async (gateway: TestGateway, queue = 'default'): Promise<ScalingDocument> =>
  (await gateway.ask(`/api/scaling/${queue}`, { as: 'viewer' })).json<ScalingDocument>();
const submit = async (gateway: TestGateway, options: object = {}): Promise<string> =>
  (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 }, options } })).json().id;
/** Contracts whose tasks have no row while they wait. */
const rowless = (['final', 'none'] as const).map((record) =>
  defineTask({ name: `test.${record}`, input: z.strictObject({}), output: z.null(), defaults: { record } }),
);
const message = (queue: string): OutgoingMessage => ({
  ...{ queue, body: Buffer.from('[]'), contentType: 'application/json', contentEncoding: 'utf-8', headers: {} },
});

/** A gateway whose store counts as the test says. */
async function counting() {
  const clock = new TestClock();
  let asked = 0;
  const counts = {
    ...{ ready: 30, sent: 30, paused: false, oldestAgeSeconds: 2, running: 4 },
    ...{ endedPerSecond: 10, drainPerSecond: 10, approximate: false },
  };
  const gateway = await TestGateway.start({
    clock,
    platform: {
      queues: {
        scaling: () => {
          asked += 1;
          return asked === 2 ? Promise.reject(new Error('away')) : Promise.resolve(counts);
        },
      },
    },
  });
  return { gateway, clock, asked: () => asked };
}

test('an API key of a viewer reads what waits and what runs; nobody else does', async () => {
  await using gateway = await TestGateway.start();
  const admin = { email: 'ada@example.org', password: 'correct horse' };
  const users = await openUserStore({ url: gateway.db.url });
  await ensureFirstAdmin(users, admin);
  await users.close();
  const login = await gateway.ask('/api/auth/login', { as: null, body: admin });
  const token = login.json<{ accessToken: string }>().accessToken;
  const body = { name: 'scaler', role: 'viewer' };
  const { key } = (await gateway.ask('/api/api-keys', { as: { token }, body })).json<NewApiKeyAnswer>();
  await submit(gateway);
  await submit(gateway, { delay: '1h' });
  const answer = await gateway.ask('/api/scaling/default', { as: null, headers: { 'x-api-key': key } });
  expect([answer.status, answer.json<ScalingDocument>()]).toEqual([
    200,
    {
      queue: 'default',
      ready: 1,
      messages: 1,
      oldestAgeSeconds: expect.any(Number) as unknown,
      backlogSeconds: 1,
      running: 0,
      endedPerSecond: 0,
      drainPerSecond: null,
      approximate: false,
    },
  ]);
  expect((await gateway.ask('/api/scaling/default', { as: null })).status).toBe(401);
});

test('a task with a row and a message counts once; one without a row counts by its message', async () => {
  const clock = new TestClock();
  await using gateway = await TestGateway.start({ clock, contracts: [...allContracts, ...rowless] });
  await submit(gateway);
  await submit(gateway, { delay: '1h' });
  expect(await scaling(gateway)).toMatchObject({ ready: 1, messages: 1 });
  for (const { name } of rowless)
    expect((await gateway.ask(`/api/tasks/${name}`, { body: { input: {} } })).status).toBe(202);
  await gateway.broker.publish(message('elsewhere'));
  await clock.advance(1_000);
  expect(await scaling(gateway)).toMatchObject({ ready: 3, messages: 3 });
  expect(await scaling(gateway, 'elsewhere')).toMatchObject({ ready: 1, messages: 1, oldestAgeSeconds: 0 });
});

test('a paused queue has nothing ready, also when messages wait with the broker', async () => {
  await using gateway = await TestGateway.start();
  await gateway.broker.publish(message('default'));
  await submit(gateway);
  await gateway.store.queues.pause('default', { actor: null, reason: null });
  expect(await scaling(gateway)).toMatchObject({ ready: 0, backlogSeconds: 0, messages: 2 });
});

test('with a broker that is away the rows are told, and that it is', async () => {
  await using gateway = await TestGateway.start();
  await submit(gateway);
  gateway.broker.become('down');
  expect(await scaling(gateway)).toMatchObject({ ready: 1, messages: null, running: 0 });
});

test('a broker that does not answer holds nobody up', async () => {
  const asked = deferred();
  const clock = new TestClock();
  await using gateway = await TestGateway.start({
    clock,
    platform: {
      broker: {
        depth() {
          asked.resolve();
          return new Promise(() => undefined);
        },
      },
    },
  });
  await submit(gateway);
  const answer = scaling(gateway);
  await asked.promise;
  await clock.advance(2_000);
  expect(await answer).toMatchObject({ ready: 1, messages: null });
});

test('while no rate is known, messages without rows tell how long they have waited', async () => {
  const clock = new TestClock();
  await using gateway = await TestGateway.start({ clock });
  await gateway.broker.publish(message('default'));
  const at = async (ms: number): Promise<number> => {
    await clock.advance(ms);
    return (await scaling(gateway)).backlogSeconds;
  };
  expect([await at(0), await at(15_000), await at(30_000)]).toEqual([1, 15, 45]);
  // Nobody looked for long: what is there may be new.
  expect(await at(90_000)).toBe(1);
  await gateway.broker.purge('default');
  expect(await at(15_000)).toBe(0);
});

test('a queue that nobody knows yet has nothing to do; what cannot be a queue is not found', async () => {
  await using gateway = await TestGateway.start();
  expect(await scaling(gateway, 'not-yet')).toMatchObject({
    queue: 'not-yet',
    ready: 0,
    messages: 0,
    backlogSeconds: 0,
  });
  expect((await gateway.ask('/api/scaling/%00')).problem().code).toBe('queue_not_found');
});

test('backlog is what waits by the rate; an answer serves for a second, a failure for nobody else', async () => {
  const { gateway, clock, asked } = await counting();
  await using _ = gateway;
  const answers = await Promise.all([scaling(gateway), scaling(gateway)]);
  expect(answers).toEqual([answers[0], answers[0]]);
  expect(answers[0]).toMatchObject({ ready: 30, backlogSeconds: 3 });
  await clock.advance(999);
  await scaling(gateway);
  expect(asked()).toBe(1);
  await clock.advance(1);
  expect((await gateway.ask('/api/scaling/default')).status).toBe(500);
  expect(await scaling(gateway)).toMatchObject({ ready: 30 });
  expect(asked()).toBe(3);
});
