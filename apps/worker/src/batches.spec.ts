import { readFileSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { openPlatform } from '@lovage/platform';
import { parseSettings } from '@lovage/settings';
import { ContractRegistry, defineTask } from '@lovage/task';
import { describeWithRabbit, silentLog, testDatabase } from '@lovage/testing';
import { EventsTasks, SQL, storeEvent, type Sql } from './testing/events.tasks.ts';
import { startWorker } from './worker-app.ts';

const doc = new URL('../../../docs/batches.md', import.meta.url);
const example = new URL('./testing/events.tasks.ts', import.meta.url);

test('docs/batches.md shows the example that is run here', () => {
  const source = readFileSync(example, 'utf8').split('// The example of docs/batches.md.\n')[1]!;
  expect(readFileSync(doc, 'utf8')).toContain(source.trimEnd());
});

describeWithRabbit('a batch handler of a worker on RabbitMQ', (rabbit) => {
  test('stores many at once, each with its own outcome; callers get theirs', async () => {
    const queue = rabbit.queue('batch');
    const { name, input, output, errors } = storeEvent;
    // The example on a queue of this test, with a batch that twelve tasks fill.
    const contract = defineTask({
      ...{ name, input, output, errors },
      defaults: { queue, batch: { size: 12, timeout: '10m' }, retry: { maxAttempts: 5 } },
    });
    await using db = await testDatabase();
    await db.query('create table kinds (name text primary key)');
    await db.query("insert into kinds values ('sold'), ('returned')");
    await db.query('create table events (id uuid primary key, kind text, value float8)');
    const statements: number[] = [];
    const sql: Sql = {
      query<R extends object>(text: string, values: unknown[]): Promise<R[]> {
        statements.push((JSON.parse(values[0] as string) as unknown[]).length);
        return db.query(text, values);
      },
    };
    @Module({ controllers: [EventsTasks], providers: [{ provide: SQL, useValue: sql }] })
    class EventsModule {}
    const settings = parseSettings(
      { DATABASE_URL: db.url, BROKER_URL: rabbit.url, WORKER_QUEUES: queue, WORKER_CONCURRENCY: '2' },
      [],
      { for: 'worker' },
    );
    const worker = await startWorker({ settings, contracts: [contract], modules: [EventsModule], log: silentLog });
    const platform = await openPlatform({
      ...{ databaseUrl: db.url, brokerUrl: rabbit.url, applicationName: 'test', log: silentLog },
    });
    try {
      await platform.start();
      const client = platform.client(new ContractRegistry([contract]));
      const kinds = Array.from({ length: 12 }, (_, n) => (n === 5 ? 'stolen' : n % 2 ? 'returned' : 'sold'));
      const results = await Promise.allSettled(kinds.map((kind) => client.call(contract, { kind, value: 2 })));
      for (const [n, result] of results.entries())
        if (n === 5) expect(result).toMatchObject({ reason: { type: 'UnknownKind', data: { kind: 'stolen' } } });
        else expect(result).toMatchObject({ status: 'fulfilled', value: { total: 22 } });
      expect(statements).toEqual([12]);
      expect(await db.query('select count(*)::int as n from events')).toEqual([{ n: 11 }]);
      expect(await db.query('select state, count(*)::int as n from tasks group by state order by state')).toEqual([
        { state: 'FAILURE', n: 1 },
        { state: 'SUCCESS', n: 11 },
      ]);
    } finally {
      await platform.stop();
      await worker.stop();
    }
  }, 30_000);
});
