import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { exitCodeOf } from '@lovage/settings';
import { describeWithRabbit, testDatabase } from '@lovage/testing';
import { reachBroker, reachDatabase } from './servers.ts';

test('a server that answers is reached, whether the database is there or not', async () => {
  await using db = await testDatabase({ migrated: false });
  for (const reach of [reachDatabase, reachBroker]) {
    await reach('THE_URL', db.url);
    await reach('THE_URL', db.url.replace(db.name, 'not_there_yet'));
  }
});

describeWithRabbit('RabbitMQ', (rabbit) => {
  test('is reached', () => reachBroker('BROKER_URL', rabbit.url));

  test('a wrong login is told at once', async () => {
    const url = new URL(rabbit.url);
    url.password = 'hunter2';
    const failure = await reachBroker('BROKER_URL', url.href).catch((error: unknown) => error);
    expect(failure).toMatchObject({ exitCode: 3, message: expect.stringContaining('refuses the login') as string });
    expect(String(failure)).not.toContain('hunter2');
  });
});

test.each([
  [reachDatabase, 'postgres://u:hunter2@127.0.0.1:PORT/x'],
  [reachBroker, 'postgres://u:hunter2@127.0.0.1:PORT/x'],
  [reachBroker, 'amqp://u:hunter2@127.0.0.1:PORT'],
])('nobody there: %p %s', async (reach, pattern) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await expect(reach('THE_URL', pattern.replace('PORT', String(port)), 700)).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/cannot be reached \(tried for 0.7 s\): .*ECONNREFUSED.*correct THE_URL$/) as string,
  });
});

test('a broker that no adapter serves is a bad setting', async () => {
  const failure = await reachBroker('BROKER_URL', 'kafka://u:hunter2@k').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'server_url_invalid' });
  expect(exitCodeOf(failure)).toBe(2);
  expect(String(failure)).toContain('amqp://…');
  expect(String(failure)).not.toContain('hunter2');
});
