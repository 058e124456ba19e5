import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { z } from 'zod';
import { openStore, PgWorkerLease } from '@lovage/store-postgres';
import { defineTask } from '@lovage/task';
import { MemoryBroker, silentLog, testDatabase } from '@lovage/testing';
import { listenLean } from './listen-lean.ts';
import { LovageServer } from './lovage-server.ts';
import { NestLog } from './nest-log.ts';
import { TaskHandler } from './task-handler.ts';

const greet = defineTask({ name: 'test.greet', input: z.strictObject({}), output: z.null() });

@Controller()
class FailingGreetings {
  @TaskHandler(greet)
  greet(): null {
    return null;
  }
}

@Module({ controllers: [FailingGreetings] })
class FailingApp {}

/** Nobody calls `app.close()` of an application that did not start, least of all one that embeds a worker beside other work. */
test('a transport that cannot start leaves nothing of itself in the process', async () => {
  await using db = await testDatabase();
  const store = openStore({ url: db.url, log: silentLog });
  const broker = new MemoryBroker();
  await broker.start();
  let lease: PgWorkerLease | undefined;
  const info = { name: 'w@test', host: 'test', pid: 1, queues: ['default', 'gone'], concurrency: 1 };
  broker.declare = (queue) =>
    queue === 'gone'
      ? Promise.reject(new Error('no such virtual host'))
      : MemoryBroker.prototype.declare.call(broker, queue);
  const server = new LovageServer(
    {
      broker,
      tasks: store.tasks,
      log: silentLog,
      lease: (onLost) => (lease = new PgWorkerLease({ url: db.url, info, log: silentLog, onLost })),
    },
    { name: info.name, queues: info.queues, concurrency: 1, contracts: [greet] },
  );
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(FailingApp, {
    strategy: server,
    logger: new NestLog(silentLog),
    abortOnError: false,
  });
  await expect(listenLean(app)).rejects.toThrow('no such virtual host');
  expect((lease as unknown as { thread: unknown }).thread).toBeUndefined();
  expect(await db.query('select * from workers')).toEqual([]);
  expect((await broker.depth('default')).consumers).toBe(0);
  await app.close();
  await broker.stop();
  await store.close();
});
