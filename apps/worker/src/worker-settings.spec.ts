import { jest } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import amqp from 'amqplib';
import { z } from 'zod';
import { deferred } from '@lovage/foundation';
import { TaskHandler } from '@lovage/nest';
import { openPlatform } from '@lovage/platform';
import { systemClock } from '@lovage/ports';
import { parseSettings } from '@lovage/settings';
import { ContractRegistry, defineTask, type Input, type TaskContext } from '@lovage/task';
import { describeWithRabbit, eventually, silentLog, testDatabase } from '@lovage/testing';
import { startWorker } from './worker-app.ts';

describeWithRabbit('settings of a worker', (rabbit) => {
  test('it holds as many messages as the multiplier says, and its grace ends what runs', async () => {
    const queue = rabbit.queue('settings');
    const contract = defineTask({
      name: 'test.wait',
      input: z.strictObject({}),
      output: z.null(),
      defaults: { queue },
    });
    const began = deferred();
    const reasons: unknown[] = [];
    @Controller()
    class WaitTasks {
      @TaskHandler(contract)
      async wait(_: Input<typeof contract>, task: TaskContext): Promise<null> {
        began.resolve();
        await new Promise((resolve) => task.signal.addEventListener('abort', resolve));
        reasons.push((task.signal.reason as { code?: unknown }).code);
        throw task.signal.reason as Error;
      }
    }
    @Module({ controllers: [WaitTasks] })
    class WaitModule {}

    await using db = await testDatabase();
    const settings = parseSettings(
      {
        ...{ DATABASE_URL: db.url, BROKER_URL: rabbit.url, WORKER_QUEUES: queue, WORKER_CONCURRENCY: '1' },
        ...{ WORKER_PREFETCH_MULTIPLIER: '2', WORKER_SHUTDOWN_GRACE: '90s' },
      },
      [],
      { for: 'worker' },
    );
    const worker = await startWorker({ settings, contracts: [contract], modules: [WaitModule], log: silentLog });
    const platform = await openPlatform({
      ...{ databaseUrl: db.url, brokerUrl: rabbit.url, applicationName: 'test', log: silentLog },
    });
    const connection = await amqp.connect(rabbit.url);
    const real = systemClock.after.bind(systemClock);
    // The grace is over as soon as it begins.
    const after = jest.spyOn(systemClock, 'after').mockImplementation((ms, run) => real(ms === 90_000 ? 0 : ms, run));
    try {
      await platform.start();
      const client = platform.client(new ContractRegistry([contract]));
      await Promise.all(Array.from({ length: 5 }, () => client.submit(contract, {})));
      await began.promise;
      const channel = await connection.createChannel();
      await eventually(async () => (await channel.checkQueue(queue)).messageCount === 3);

      await worker.stop();
      expect(after).toHaveBeenCalledWith(90_000, expect.any(Function));
      expect(reasons).toEqual(['worker_shutdown']);
      expect(await db.query('select state, retries, count(*)::int as n from tasks group by 1, 2')).toEqual([
        { state: 'QUEUED', retries: 0, n: 5 },
      ]);
    } finally {
      after.mockRestore();
      await connection.close();
      await platform.stop();
      await worker.stop();
    }
  }, 30_000);
});
