import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { LovageClient } from '@lovage/client';
import { openStore, PgWorkerLease } from '@lovage/store-postgres';
import { ContractRegistry } from '@lovage/task';
import { childFlags, MemoryBroker, silentLog, testDatabase } from '@lovage/testing';
import { LovageServer } from './lovage-server.ts';
import { NestLog } from './nest-log.ts';
import { GreetingsModule, greetIn, tickIn, ticks } from './testing/child-app.ts';

test.each(['async', 'thread', 'process'] as const)(
  'guards, pipes, interceptors and injection apply in the pool %s, and errors come through',
  async (pool) => {
    await using db = await testDatabase();
    const greet = greetIn(pool);
    const store = openStore({ url: db.url, log: silentLog });
    const broker = new MemoryBroker();
    await broker.start();
    const { tasks, outbox } = store;
    const contracts = new ContractRegistry([greet]);
    const client = new LovageClient({ broker, tasks, outbox, contracts, log: silentLog });
    const info = { name: 'w@test', host: 'test', pid: 1, queues: ['default'], concurrency: 5 };
    const lease = (onLost: (worker: string) => void) =>
      new PgWorkerLease({ url: db.url, info, log: silentLog, onLost });
    const children = {
      boot: new URL('./testing/child-app.ts', import.meta.url).href,
      slots: 1,
      execArgv: await childFlags(),
    };
    const server = new LovageServer(
      { broker, tasks, log: silentLog, lease },
      {
        name: info.name,
        queues: info.queues,
        concurrency: 5,
        contracts: [greet, tickIn(pool), ticks],
        children,
      },
    );
    const logger = new NestLog(silentLog);
    const options = { strategy: server, logger, abortOnError: false };
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(GreetingsModule, options);
    try {
      await app.listen();
      expect(await client.call(greet, { name: '  Ana ' })).toBe('Hello, Ana (test.greet, 1)!');
      await expect(client.call(greet, { name: 'rude' })).rejects.toMatchObject({
        type: 'TooRude',
        data: { word: 'x' },
      });
      await expect(client.call(greet, { name: 'mallory' })).rejects.toMatchObject({
        code: 'task_failed',
        document: { type: 'ForbiddenException', message: 'not you' },
      });
      expect(server.worker.children().process.alive).toBe(pool === 'process' ? 1 : 0);
      expect(server.worker.children().thread.alive).toBe(pool === 'thread' ? 1 : 0);
    } finally {
      await app.close();
      await client.stop();
      await broker.stop();
      await store.close();
    }
    expect(server.worker.children()).toMatchObject({ process: { alive: 0, died: 0 }, thread: { alive: 0, died: 0 } });
  },
);
