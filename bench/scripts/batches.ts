// What batches bring: tasks a second through a worker whose handler inserts one row each, alone and by the hundred; and the
// same with a handler that does nothing, which tells what gathering costs.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/batches.ts <url of an empty, migrated database> <amqp url>
import { hostname } from 'node:os';
import pg from 'pg';
import { z } from 'zod';
import { newId } from '@lovage/foundation';
import { createLog, openPlatform } from '@lovage/platform';
import { HandlerTable, TaskWorker, type Handler } from '@lovage/runtime';
import { PgWorkerLease } from '@lovage/store-postgres';
import { ContractRegistry, defineTask, type BatchItem } from '@lovage/task';

const [databaseUrl, brokerUrl] = process.argv.slice(2);
if (databaseUrl === undefined || brokerUrl === undefined)
  throw new Error('give two URLs: of a database and of RabbitMQ');
const TASKS = 10_000;
const ROUNDS = 3;
const CONCURRENCY = 20;

const log = createLog({ app: 'bench', level: 'warn', mode: 'production' });
const queue = `bench.batches.${newId()}`;
const input = z.strictObject({ value: z.number() });
const single = defineTask({ name: 'bench.single', input, output: z.null(), defaults: { queue } });
const many = defineTask({
  ...{ name: 'bench.many', input, output: z.null() },
  defaults: { queue, batch: { size: 100, timeout: '50ms' } },
});

const sql = new pg.Pool({ connectionString: databaseUrl, max: CONCURRENCY });
await sql.query('create table events (id uuid primary key, value float8)');
const insert = (ids: string[], values: number[]) =>
  sql.query({
    name: 'insert',
    text: 'insert into events select * from unnest($1::uuid[], $2::float8[]) on conflict do nothing',
    values: [ids, values],
  });
const valueOf = ({ input: given }: BatchItem) => (given as { value: number }).value;
const handlers: Record<string, { contract: typeof single | typeof many; handler: Handler }> = {
  'a row each, one by one': {
    contract: single,
    handler: {
      name: single.name,
      handle: async (given, task) => {
        await insert([task.id], [(given as { value: number }).value]);
        return null;
      },
    },
  },
  'a row each, by the hundred': {
    contract: many,
    handler: {
      name: many.name,
      handleBatch: async (items) => {
        await insert(
          items.map(({ task }) => task.id),
          items.map(valueOf),
        );
        return items.map(({ succeeded }) => succeeded(null));
      },
    },
  },
  'nothing, one by one': { contract: single, handler: { name: single.name, handle: () => null } },
  'nothing, by the hundred': {
    contract: many,
    handler: { name: many.name, handleBatch: (items) => items.map(({ succeeded }) => succeeded(null)) },
  },
};

const platform = await openPlatform({ databaseUrl, brokerUrl, applicationName: 'bench', log });
await platform.start();
const client = platform.client(new ContractRegistry([single, many]));

/** Tasks a second, of a backlog that lies ready. */
async function drain(contract: typeof single | typeof many, handler: Handler): Promise<number> {
  for (let sent = 0; sent < TASKS; sent += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => client.submit(contract, { value: sent + n }, { awaitReply: false })),
    );
  const info = { name: 'bench', host: hostname(), pid: process.pid, queues: [queue], concurrency: CONCURRENCY };
  const lease = new PgWorkerLease({
    url: databaseUrl!,
    info: { ...info, contracts: [contract.name] },
    log,
    onLost: (id) => worker.leaseLost(id),
  });
  const worker: TaskWorker = new TaskWorker(
    {
      ...{ broker: platform.broker, tasks: platform.tasks, lease, log },
      handlers: new HandlerTable([contract], [handler]),
    },
    { name: 'bench', queues: [queue], concurrency: CONCURRENCY },
  );
  let left = TASKS;
  const done = new Promise<void>((resolve) => worker.signals.settled.on(() => (left -= 1) === 0 && resolve()));
  const began = performance.now();
  await worker.start();
  await done;
  const seconds = (performance.now() - began) / 1000;
  await worker.stop();
  return TASKS / seconds;
}

const figures = new Map(Object.keys(handlers).map((what) => [what, [] as number[]]));
for (let round = 0; round <= ROUNDS; round += 1)
  for (const [what, { contract, handler }] of Object.entries(handlers)) {
    const rate = await drain(contract, handler);
    // The first round warms up.
    if (round > 0) figures.get(what)!.push(Math.round(rate));
  }
for (const [what, rates] of figures)
  console.log(`${what}: ${rates.toSorted((a, b) => a - b)[rates.length >> 1]} tasks/s (${rates.join(', ')})`);
await platform.broker.deleteQueue(queue);
await platform.stop();
await sql.end();
