import { LovageClient } from '@lovage/client';
import { newId } from '@lovage/foundation';
import { openStore } from '@lovage/store-postgres';
import { ContractRegistry, defineTask } from '@lovage/task';
import { eventually as eventuallyWithin, silentLog, TcpProxy, type TestDatabase } from '@lovage/testing';
import { z } from 'zod';
import { heldBroker, TestGateway } from '../testing/test-gateway.ts';

const contract = defineTask({ name: 'test.echo', input: z.strictObject({ n: z.number() }), output: z.null() });

/** A submitter tells once a second, and connects again with back-off: on a busy machine that takes more than a moment. */
const eventually = <T>(check: () => T) => eventuallyWithin(check, { timeoutMs: 20_000 });

/** Another gateway's client, whose line to Postgres can be cut. */
async function elsewhere(db: TestDatabase) {
  const proxy = await TcpProxy.before(db.url);
  const store = openStore({ url: proxy.url, log: silentLog });
  const { tasks, outbox, gaps } = store;
  const contracts = new ContractRegistry([contract]);
  const broker = heldBroker();
  await broker.start();
  const client = new LovageClient({ broker, tasks, outbox, gaps, contracts, log: silentLog });
  const submit = async () => (await client.submit(contract, { n: 1 }, { awaitReply: false })).id;
  return {
    proxy,
    client,
    submit,
    async [Symbol.asyncDispose]() {
      await client.stop();
      await store.close();
      await proxy.close();
    },
  };
}

const everyRoute = (id: string) =>
  [
    ['GET', `/api/tasks/${id}`],
    ['GET', `/api/tasks/${id}/events`],
    ['GET', `/api/tasks/${id}/explain`],
    ['GET', `/api/tasks/${id}/logs`],
    ['POST', `/api/tasks/${id}/revoke`],
    ['POST', `/api/tasks/${id}/retry`],
  ] as const;

async function ask(gateway: TestGateway, id: string): Promise<number[]> {
  const statuses: number[] = [];
  for (const [method, url] of everyRoute(id)) {
    const answer = await gateway.ask(url, { method, ...(method === 'POST' && { body: {} }) });
    if (answer.status === 503) expect(answer.headers['retry-after']).toBe('2');
    statuses.push(answer.status);
  }
  return statuses;
}

const ALL_503 = [503, 503, 503, 503, 503, 503];
const ALL_404 = [404, 404, 404, 404, 404, 404];

test('a task that another gateway has accepted while it had no Postgres is 503 until its row is there, never 404', async () => {
  await using gateway = await TestGateway.start({ contracts: [contract] });
  await using other = await elsewhere(gateway.db);
  await other.submit();
  await eventually(async () => (await gateway.db.query('select * from row_gaps')).length === 1);
  // In normal operation what is unknown is unknown.
  expect(await ask(gateway, newId())).toEqual(ALL_404);
  await other.proxy.refuse();
  const id = await other.submit();
  await eventually(async () => (await gateway.ask(`/api/tasks/${id}`)).status === 503);
  expect(await ask(gateway, id)).toEqual(ALL_503);
  // What was made long before is known to be unknown, and so is what no gateway makes.
  expect((await gateway.ask('/api/tasks/01890a5d-ac96-774b-bcce-b302099a8057')).status).toBe(404);
  expect((await gateway.ask('/api/tasks/an-id-from-celery')).status).toBe(404);
  await other.proxy.heal();
  const statuses = new Set<number>();
  await eventually(async () => {
    const { status } = await gateway.ask(`/api/tasks/${id}`);
    statuses.add(status);
    return status === 200;
  });
  expect(statuses.has(404)).toBe(false);
  await eventually(async () => (await gateway.ask(`/api/tasks/${newId()}`)).status === 404);
});

test('a gateway that dies without its Postgres leaves it open for ten minutes which of the latest tasks there are', async () => {
  await using gateway = await TestGateway.start({ contracts: [contract] });
  const other = await elsewhere(gateway.db);
  await other.submit();
  await eventually(async () => (await gateway.db.query('select * from row_gaps')).length === 1);
  await other.proxy.refuse();
  const id = await other.submit();
  // With its last words unheard it is as if it was killed.
  await other[Symbol.asyncDispose]();
  await eventually(async () => (await gateway.ask(`/api/tasks/${id}`)).status === 503);
  // Another submitter, of this gateway's, notes the silence and forgets it in the end.
  await gateway.ask('/api/tasks/test.echo', { body: { input: { n: 1 } } });
  await eventually(
    async () => (await gateway.db.query('select * from row_gaps where stale_since is not null')).length === 1,
  );
  expect((await gateway.ask(`/api/tasks/${id}`)).status).toBe(503);
  await gateway.db.query("update row_gaps set stale_since = stale_since - interval '11 minutes'");
  await eventually(async () => (await gateway.ask(`/api/tasks/${id}`)).status === 404);
});

test('a submitter that has not told since Postgres started again may have accepted what has no row', async () => {
  await using gateway = await TestGateway.start({ contracts: [contract] });
  // Told a moment ago, before the start: which is that of the whole server, so what it told is set back.
  await gateway.db.query(
    "insert into row_gaps (id, renewed_at) values (gen_random_uuid(), pg_postmaster_start_time() - interval '1 ms')",
  );
  expect((await gateway.ask(`/api/tasks/${newId()}`)).status).toBe(503);
});

test('rows that were dropped stay open; a submitter that ends well leaves nothing', async () => {
  await using gateway = await TestGateway.start({ contracts: [contract] });
  const { gaps } = gateway.store;
  const now = Date.now();
  await gaps.recordLoss(newId(), now - 60_000, now - 50_000);
  expect(await Promise.all([now - 80_000, now - 55_000, now].map((at) => gaps.mayLack(at)))).toEqual([
    false,
    true,
    false,
  ]);
  await gateway.db.query('truncate row_gaps');
  const other = await elsewhere(gateway.db);
  await other.submit();
  await other[Symbol.asyncDispose]();
  expect(await gateway.db.query('select * from row_gaps')).toEqual([]);
});
