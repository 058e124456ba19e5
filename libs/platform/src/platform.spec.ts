import { z } from 'zod';
import { ContractRegistry, defineTask } from '@lovage/task';
import { describeWithRabbit, RecordingLog, silentLog, TcpProxy, testDatabase } from '@lovage/testing';
import { openPlatform } from './platform.ts';

const queueless = (queue: string) =>
  new ContractRegistry([
    defineTask({ name: 'test.echo', input: z.strictObject({}), output: z.null(), defaults: { queue } }),
  ]);

describe('opening the servers', () => {
  test.each([
    ['broker', { databaseUrl: 'postgres://h/d', brokerUrl: 'kafka://u:secret@h' }],
    ['broker', { databaseUrl: 'postgres://h/d', brokerUrl: 'redis://u:secret@h/name' }],
    ['broker', { databaseUrl: 'postgres://h/d', brokerUrl: 'no url at all' }],
    ['database', { databaseUrl: 'mysql://u:secret@h/d' }],
  ])('a URL of another kind for the %s is refused, without its password (%j)', async (server, urls) => {
    const failure = await openPlatform({ ...urls, log: silentLog }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'server_url_invalid', server });
    expect(String(failure)).not.toContain('secret');
  });

  test('without a broker of its own the database is the broker', async () => {
    await using db = await testDatabase();
    const platform = await openPlatform({ databaseUrl: db.url, log: silentLog });
    try {
      await platform.start();
      expect([platform.broker.kind, platform.broker.state]).toEqual(['postgres', 'up']);
      await platform.pingDatabase();
      const contracts = queueless('default');
      const client = platform.client(contracts);
      expect(platform.client(contracts)).toBe(client);
      expect(() => platform.client(queueless('default'))).toThrow(/one client/);
      const handle = await client.submitByName('test.echo', {});
      expect(await handle.state()).toBe('QUEUED');
      expect((await platform.broker.depth('default')).ready).toBe(1);
      expect(await (await platform.users()).findByEmail('nobody@example.org')).toBeUndefined();
    } finally {
      await Promise.all([platform.stop(), platform.stop()]);
    }
    expect(platform.broker.state).toBe('down');
  });

  test('a database that cannot be reached is named, without its password, when the time is up', async () => {
    await using db = await testDatabase();
    await using line = await TcpProxy.before(db.url);
    const url = new URL(line.url);
    url.password = 'secret';
    await line.refuse();
    const log = new RecordingLog();
    const platform = await openPlatform({ databaseUrl: url.toString(), connectTimeoutMs: 600, log });
    const failure = await platform.start().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'store_unavailable', message: expect.stringContaining(url.host) as unknown });
    expect(String(failure)).not.toContain('secret');
    expect(log.entries).toMatchObject([{ level: 'info', message: 'waiting for PostgreSQL' }]);
    await platform.stop();
  });

  test('a database that comes up within the time is waited for', async () => {
    await using db = await testDatabase();
    await using line = await TcpProxy.before(db.url);
    await line.refuse();
    const log = new RecordingLog();
    const platform = await openPlatform({ databaseUrl: line.url, log });
    const waiting = log.logged.next(({ message }) => message === 'waiting for PostgreSQL');
    const starting = platform.start();
    await waiting;
    await line.heal();
    await starting;
    await platform.stop();
  });

  test('what a start asks of the database is asked again while that is away', async () => {
    await using db = await testDatabase();
    await using line = await TcpProxy.before(db.url);
    const log = new RecordingLog();
    const platform = await openPlatform({ databaseUrl: line.url, log });
    await platform.start();
    await line.refuse();
    const waiting = log.logged.next(({ message }) => message === 'waiting for PostgreSQL');
    const asked = platform.whenReachable(() => platform.tasks.finished([]));
    await waiting;
    await line.heal();
    expect(await asked).toEqual([]);
    const fault = new Error('a fault');
    await expect(platform.whenReachable(() => Promise.reject(fault))).rejects.toBe(fault);
    await platform.stop();
  });

  test('a database without tables is told from one that is away', async () => {
    await using db = await testDatabase({ migrated: false });
    const platform = await openPlatform({ databaseUrl: db.url, log: silentLog });
    await expect(platform.start()).rejects.toMatchObject({
      code: 'schema_missing',
      message: expect.stringContaining('prisma migrate deploy') as unknown,
    });
    await platform.stop();
  });

  test('a broker that cannot be reached is named too', async () => {
    await using db = await testDatabase();
    await using line = await TcpProxy.before('amqp://127.0.0.1:5672');
    await line.refuse();
    const brokerUrl = `amqp://guest:guest@127.0.0.1:${line.port}`;
    const platform = await openPlatform({ databaseUrl: db.url, brokerUrl, connectTimeoutMs: 500, log: silentLog });
    const failure = await platform.start().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'broker_unavailable',
      message: expect.stringContaining(String(line.port)) as unknown,
    });
    await platform.stop();
  });

  test('stopped before it was ever started', async () => {
    const platform = await openPlatform({ databaseUrl: 'postgres://nowhere.invalid/d', log: silentLog });
    await platform.stop();
    await expect(platform.start()).rejects.toThrow(/stopped/);
  });
});

describeWithRabbit('a platform on RabbitMQ', (rabbit) => {
  test('submits through it', async () => {
    await using db = await testDatabase();
    const queue = rabbit.queue();
    const platform = await openPlatform({ databaseUrl: db.url, brokerUrl: rabbit.url, log: silentLog });
    try {
      await platform.start();
      expect([platform.broker.kind, platform.broker.state]).toEqual(['rabbitmq', 'up']);
      const handle = await platform.client(queueless(queue)).submitByName('test.echo', {});
      expect(await handle.state()).toBe('QUEUED');
      expect((await platform.broker.depth(queue)).ready).toBe(1);
    } finally {
      await platform.stop();
    }
  });
});
