import { eventually } from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';

const ready = async (gateway: TestGateway) => {
  const { status, headers, json } = await gateway.ask('/health/ready', { as: null });
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  return { status, body: json<unknown>() };
};

test('alive, and ready with Postgres; the broker is told', async () => {
  await using gateway = await TestGateway.start();
  expect((await gateway.ask('/health/live', { as: null })).json()).toEqual({ status: 'live' });
  for (const broker of ['up', 'blocked', 'down'] as const) {
    gateway.broker.become(broker);
    expect(await ready(gateway)).toEqual({ status: 200, body: { status: 'ready', postgres: 'up', broker } });
  }
});

test('not ready without Postgres, and ready when it is back', async () => {
  await using gateway = await TestGateway.start({ proxied: true });
  expect((await ready(gateway)).status).toBe(200);
  await gateway.proxy.refuse();
  expect(await ready(gateway)).toEqual({
    status: 503,
    body: { status: 'not_ready', postgres: 'down', broker: 'up' },
  });
  expect((await gateway.ask('/health/live', { as: null })).status).toBe(200);
  await gateway.proxy.heal();
  // A connection that was idle when the line was cut may be noticed only now.
  await eventually(async () => (await ready(gateway)).status === 200);
});

test('a silent Postgres is one that is away', async () => {
  let pings = 0;
  await using gateway = await TestGateway.start({
    platform: {
      pingDatabase: () => {
        pings += 1;
        return new Promise(() => undefined);
      },
    },
  });
  const answers = await Promise.all([ready(gateway), ready(gateway), ready(gateway)]);
  expect(answers.map((answer) => answer.status)).toEqual([503, 503, 503]);
  expect(pings).toBe(1);
});
