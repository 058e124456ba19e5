import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Module, type Type } from '@nestjs/common';
import { z } from 'zod';
import { messageOfRow } from '@lovage/client';
import { TaskBatchHandler, TaskHandler } from '@lovage/nest';
import { openPlatform, type Platform } from '@lovage/platform';
import { parseSettings } from '@lovage/settings';
import { ContractRegistry, defineTask, type AnyContract, type BatchItem, type Input } from '@lovage/task';
import { describeWithRabbit, eventually, silentLog, testDatabase, type TestDatabase } from '@lovage/testing';
import { startWorker } from './worker-app.ts';

/** What is due goes to the broker, as a beat sends it, until it is disposed of. */
function beat({ outbox, sweep, broker }: Platform): AsyncDisposable {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await sweep.sweep();
      const items = await outbox.leaseDue({ withinMs: 0, leaseMs: 10_000, limit: 500 });
      for (const { task } of items) await broker.publish(messageOfRow(task, broker));
      if (items.length > 0) await outbox.published(items);
      else await pause(10);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      await running;
    },
  };
}

/** Old workers get tasks of contracts that only the new one serves: single, in batches, without a row. */
async function rollOut(db: TestDatabase, brokerUrl: string | undefined, queue: string): Promise<void> {
  const input = z.strictObject({ n: z.int() });
  const shape = { input, output: z.int() };
  const known = defineTask({ name: 'test.known', ...shape, defaults: { queue } });
  const added = defineTask({ name: 'test.added', ...shape, defaults: { queue } });
  const final = defineTask({ name: 'test.final', ...shape, defaults: { queue, record: 'final' } });
  const many = defineTask({
    ...{ name: 'test.many', ...shape },
    defaults: { queue, batch: { size: 10, timeout: '20ms' } },
  });
  @Controller()
  class KnownTasks {
    @TaskHandler(known)
    known({ n }: Input<typeof known>): number {
      return n;
    }
  }
  @Controller()
  class AddedTasks {
    @TaskHandler(added)
    added({ n }: Input<typeof added>): number {
      return n;
    }
    @TaskHandler(final)
    final({ n }: Input<typeof final>): number {
      return n;
    }
    @TaskBatchHandler(many)
    many(items: readonly BatchItem<typeof many>[]) {
      return items.map((item) => item.succeeded(item.input.n));
    }
  }
  @Module({ controllers: [KnownTasks] })
  class Old {}
  @Module({ controllers: [KnownTasks, AddedTasks] })
  class New {}
  const settings = parseSettings(
    {
      DATABASE_URL: db.url,
      WORKER_QUEUES: queue,
      WORKER_CONCURRENCY: '5',
      ...(brokerUrl ? { BROKER_URL: brokerUrl } : {}),
    },
    [],
    { for: 'worker' },
  );
  const worker = (contracts: AnyContract[], module: Type) =>
    startWorker({ settings, contracts, modules: [module], log: silentLog });
  const contracts = [known, added, final, many];
  const platform = await openPlatform({ databaseUrl: db.url, brokerUrl, applicationName: 'test', log: silentLog });
  const workers = [await worker([known], Old)];
  try {
    await platform.start();
    await using _ = beat(platform);
    const client = platform.client(new ContractRegistry(contracts));
    const submit = async (count: number) => {
      for (let n = 0; n < count; n += 1) for (const contract of contracts) await client.submit(contract, { n });
    };
    await submit(10);
    await eventually(async () => {
      const [waiting] = await db.query<{ n: number }>('select count(*)::int as n from outbox where unserved');
      return waiting!.n === 30;
    });
    workers.push(await worker(contracts, New));
    await submit(10);
    await eventually(
      async () => {
        const [ended] = await db.query<{ n: number }>("select count(*)::int as n from tasks where state = 'SUCCESS'");
        return ended!.n === 80;
      },
      { timeoutMs: 30_000 },
    );
    expect(await db.query('select * from attempts')).toEqual([]);
    expect(await db.query('select * from outbox')).toEqual([]);
  } finally {
    await platform.stop();
    for (const one of workers) await one.stop();
  }
}

describeWithRabbit('contracts that old workers do not serve, on RabbitMQ', (rabbit) => {
  test('run on the new one: single, in batches, without a row', async () => {
    await using db = await testDatabase();
    await rollOut(db, rabbit.url, rabbit.queue('new-contract'));
  }, 60_000);
});

test('contracts that old workers do not serve run on the new one, without a broker of their own', async () => {
  await using db = await testDatabase();
  await rollOut(db, undefined, 'default');
}, 60_000);
