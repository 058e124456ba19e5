import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOfRow, type LovageClient, type SubmitOptions } from '@lovage/client';
import { OutboxRelay, Sweeper } from '@lovage/maintenance';
import { HandlerTable, servedContract, TaskWorker } from '@lovage/runtime';
import { PgWorkerLease } from '@lovage/store-postgres';
import { ContractRegistry, defineTask, type AnyContract } from '@lovage/task';
import { describeWithRabbit, eventually, silentLog, testDatabase } from '@lovage/testing';
import { openPlatform } from './platform.ts';

// The page docs/changing-a-contract.md, run: old and new clients and workers side by side under load, on both brokers.

/** The contracts of the page, release by release. */
const page = readFileSync(new URL('../../../docs/changing-a-contract.md', import.meta.url), 'utf8');
const releases = [...page.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, code]) => {
  const define = new Function('defineTask', 'z', `${code!}\nreturn pay;`) as (...of: unknown[]) => AnyContract;
  return define(defineTask, z);
});
const INPUTS = [
  () => ({ cents: 150 }),
  (i: number) => (i % 2 ? { cents: 150, currency: 'USD' } : { cents: 150 }),
  () => ({ amount: 1.5, currency: 'EUR' }),
  () => ({ amount: 1.5, currency: 'EUR' }),
];
/** Of each client while both releases are there. */
const LOAD = 150;

/** Processes of one release: a client, and a worker whose handler answers what it was given in cents. */
async function deploy(urls: { databaseUrl: string; brokerUrl: string }, release: number, queue: string) {
  const contract = releases[release]!;
  const platform = await openPlatform({ ...urls, log: silentLog });
  await platform.start();
  const client = platform.client(new ContractRegistry([contract]));
  const name = `release-${release}`;
  const cents = (given: unknown): number => {
    const input = given as { cents?: number; amount?: number };
    return input.cents ?? Math.round(input.amount! * 100);
  };
  const info = { name, host: 'test', pid: 1, queues: [queue], concurrency: 10, serves: [servedContract(contract)] };
  const worker: TaskWorker = new TaskWorker(
    {
      ...{ broker: platform.broker, tasks: platform.tasks, log: silentLog },
      ...{ deadLetters: platform.deadLetters, contracts: platform.contracts },
      lease: new PgWorkerLease({ url: urls.databaseUrl, info, log: silentLog, onLost: (id) => worker.leaseLost(id) }),
      handlers: new HandlerTable([contract], [{ name: contract.name, handle: cents }]),
    },
    { queues: [queue], concurrency: 10, name },
  );
  await worker.start();
  return { platform, client, worker };
}

async function submit(client: LovageClient, release: number, queue: string): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < LOAD; i += 1) {
    const options: SubmitOptions = { queue, awaitReply: false, ...(i % 10 === 0 && { delay: '20ms' as const }) };
    ids.push((await client.submit(releases[release]!, INPUTS[release]!(i), options)).id);
  }
  return ids;
}

async function run(brokerUrlOf: (databaseUrl: string) => string, queue: string): Promise<void> {
  await using db = await testDatabase();
  const urls = { databaseUrl: db.url, brokerUrl: brokerUrlOf(db.url) };
  const beat = await openPlatform({ ...urls, log: silentLog });
  await beat.start();
  await beat.broker.declare(queue);
  const relay = new OutboxRelay({
    broker: beat.broker,
    outbox: beat.outbox,
    messageOf: (row) => messageOfRow(row, beat.broker),
    log: silentLog,
  });
  const sweeper = new Sweeper({
    sweep: beat.sweep,
    broker: { reply: () => undefined },
    log: silentLog,
    onRequeued: () => relay.poke(),
  });
  await relay.start();
  await sweeper.start();
  const ids: string[] = [];
  const unfinished = async () =>
    (await db.query<{ n: number }>('select count(*)::int as n from tasks where finished_at is null'))[0]!.n;
  let old = await deploy(urls, 0, queue);
  ids.push(...(await submit(old.client, 0, queue)));
  for (let release = 1; release < releases.length; release += 1) {
    // The rule goes once nothing of its version waits.
    if (release === 3) await eventually(async () => (await unfinished()) === 0 || undefined, { timeoutMs: 30_000 });
    const next = await deploy(urls, release, queue);
    // Before the rule goes, so have the clients of its version.
    const load = async (): Promise<void> => {
      const clients = [submit(next.client, release, queue)];
      if (release < 3) clients.push(submit(old.client, release - 1, queue));
      ids.push(...(await Promise.all(clients)).flat());
    };
    await load();
    const stopped = old.worker.stop();
    await load();
    await stopped;
    await old.platform.stop();
    old = next;
  }
  await eventually(async () => (await unfinished()) === 0 || undefined, { timeoutMs: 60_000 });
  const ended = await db.query<{ state: string; result: unknown; error: unknown; n: number }>(
    'select state, result::text, error::text, count(*)::int as n from tasks group by 1, 2, 3',
  );
  expect(ended).toEqual([{ state: 'SUCCESS', result: '150', error: null, n: ids.length }]);
  expect((await beat.deadLetters.list({}, { limit: 10 })).items).toEqual([]);
  await old.worker.stop();
  await old.platform.stop();
  await Promise.all([relay.stop(), sweeper.stop()]);
  await beat.stop();
}

test('the page has its four releases', () => {
  expect(releases.map(({ name, version }) => `${name} ${version}`)).toEqual([
    'shop.pay 1',
    'shop.pay 1',
    'shop.pay 2',
    'shop.pay 2',
  ]);
});

test('expand, migrate, contract on the embedded broker: none fails', () => run((url) => url, 'pay'), 120_000);

describeWithRabbit('expand, migrate, contract', (rabbit) => {
  test('on RabbitMQ: none fails', () => run(() => rabbit.url, rabbit.queue('pay')), 120_000);
});
