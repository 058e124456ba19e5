import { Controller, Module } from '@nestjs/common';
import { deferred } from '@lovage/foundation';
import { TaskHandler } from '@lovage/nest';
import { openPlatform } from '@lovage/platform';
import { parseSettings } from '@lovage/settings';
import { ContractRegistry, defineTask } from '@lovage/task';
import { eventually, silentLog, testDatabase } from '@lovage/testing';
import { z } from 'zod';
import { startWorker } from './worker-app.ts';

const hold = defineTask({ name: 'test.hold', version: 2, input: z.strictObject({}), output: z.null() });

test('a worker tells its slots and what it runs, that it stops while it does, and that it ended by itself', async () => {
  const [begun, end] = [deferred(), deferred()];
  @Controller()
  class HoldTasks {
    @TaskHandler(hold)
    async hold(): Promise<null> {
      begun.resolve();
      await end.promise;
      return null;
    }
  }
  @Module({ controllers: [HoldTasks] })
  class HoldModule {}
  await using db = await testDatabase();
  const settings = parseSettings({ DATABASE_URL: db.url, WORKER_CONCURRENCY: '3', WORKER_NAME: 'w1@here' }, [], {
    for: 'worker',
  });
  const worker = await startWorker({ settings, contracts: [hold], modules: [HoldModule], log: silentLog });
  const platform = await openPlatform({ databaseUrl: db.url, applicationName: 'test', log: silentLog });
  try {
    await platform.start();
    const { id } = await platform.client(new ContractRegistry([hold])).submit(hold, {}, { awaitReply: false });
    await begun.promise;
    const known = await eventually(async () => {
      const [found] = await platform.workers.named('w1@here');
      return found?.vitals.slotsUsed === 1 ? found : undefined;
    });
    expect(known).toMatchObject({
      ...{ leased: true, stopping: false, concurrency: 3, running: 1, goneAt: null, pid: process.pid },
      serves: [{ name: 'test.hold', version: 2 }],
      vitals: { slots: 3, slotsUsed: 1, waiting: 0 },
    });
    for (const value of Object.values(known.vitals)) expect(value).toBeGreaterThanOrEqual(0);
    expect(await platform.workers.tasks(known.id, 10)).toMatchObject([{ id, name: 'test.hold', state: 'STARTED' }]);
    const stopped = worker.stop();
    await eventually(async () => (await platform.workers.named('w1@here'))[0]?.stopping === true);
    end.resolve();
    await stopped;
    expect(await platform.workers.named('w1@here')).toMatchObject([
      { id: known.id, leased: true, stopping: true, goneAt: expect.any(Number) as number },
    ]);
  } finally {
    end.resolve();
    await platform.stop();
    await worker.stop();
  }
}, 60_000);
