import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { LovageClient } from '@lovage/client';
import { systemClock, type Clock } from '@lovage/ports';
import { openStore, PgWorkerLease } from '@lovage/store-postgres';
import { ContractRegistry, type TaskOptions } from '@lovage/task';
import { childFlags, eventually, MemoryBroker, silentLog, testDatabase } from '@lovage/testing';
import { LovageServer } from './lovage-server.ts';
import { NestLog } from './nest-log.ts';
import { GreetingsModule, greetIn, tickIn, ticks } from './testing/child-app.ts';

/** A child boots the application from its sources; several at once on a busy machine take their time. */
const SLOW = { timeoutMs: 90_000 };
jest.setTimeout(120_000);

const POOLS = ['async', 'thread', 'process'] as const;

/** The system's clock, but for timers of half an hour and more: they run when the test says so. */
class LimitsOnCall implements Clock {
  private readonly held = new Map<number, () => void>();

  now = (): number => systemClock.now();
  monotonic = (): number => systemClock.monotonic();

  after(delayMs: number, run: () => void): () => void {
    if (delayMs < 1_800_000) return systemClock.after(delayMs, run);
    this.held.set(delayMs, run);
    return () => void this.held.delete(delayMs);
  }

  run(delayMs: number): void {
    this.held.get(delayMs)!();
  }
}

/** A worker whose handlers answer observables that never complete. */
async function open(pool: (typeof POOLS)[number], defaults: TaskOptions = {}, more: { clock?: Clock } = {}) {
  const db = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'lovage-ticks-'));
  const file = join(folder, 'ticks');
  await writeFile(file, '');
  const [greet, tick] = [greetIn(pool), tickIn(pool, defaults)];
  const store = openStore({ url: db.url, log: silentLog });
  const broker = new MemoryBroker();
  await broker.start();
  const { tasks, outbox } = store;
  const contracts = new ContractRegistry([greet, tick, ticks]);
  const client = new LovageClient({ broker, tasks, outbox, contracts, log: silentLog });
  const info = { name: 'w@test', host: 'test', pid: 1, queues: ['default'], concurrency: 5 };
  const server = new LovageServer(
    {
      ...{ broker, tasks, log: silentLog, ...more },
      lease: (onLost) => new PgWorkerLease({ url: db.url, info, log: silentLog, onLost }),
    },
    {
      ...{ name: info.name, queues: info.queues, concurrency: 5, contracts: [greet, tick, ticks] },
      ...{ shutdownGrace: '10ms', revokeGrace: '10ms' },
      children: {
        boot: new URL('./testing/child-app.ts', import.meta.url).href,
        slots: 2,
        // A busy machine may take longer than the default to let a child unsubscribe; no test waits for it.
        teardownMs: SLOW.timeoutMs,
        execArgv: await childFlags(),
      },
    },
  );
  const logger = new NestLog(silentLog);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(GreetingsModule, {
    ...{ strategy: server, logger, abortOnError: false },
  });
  await app.listen();
  let closed: Promise<void> | undefined;
  return {
    ...{ client, store, tick, file, server },
    /** It has told that it is subscribed. */
    subscribed: (id: string) => eventually(async () => (await store.tasks.get(id))?.state === 'PROGRESS', SLOW),
    state: async (id: string) => (await store.tasks.get(id))!.state,
    tornDown: (times = 1) =>
      eventually(async () => (await readFile(file, 'utf8')) === 'torn down;'.repeat(times), SLOW),
    close: () => (closed ??= app.close()),
    async [Symbol.asyncDispose]() {
      await (closed ??= app.close());
      await client.stop();
      await broker.stop();
      await store.close();
      await db.drop();
      await rm(folder, { recursive: true });
    },
  };
}

describe.each(POOLS)('an observable in the pool %s that does not complete', (pool) => {
  test('is unsubscribed at the time limit, also where the soft limit came before', async () => {
    // The limits must not come before it is subscribed, however long a child takes to begin.
    const clock = new LimitsOnCall();
    await using o = await open(pool, { softTimeLimit: 3000, timeLimit: 6000 }, { clock });
    const handle = await o.client.submit(o.tick, { file: o.file });
    await o.subscribed(handle.id);
    clock.run(3_000_000);
    clock.run(6_000_000);
    await expect(handle.result()).rejects.toMatchObject({ document: { type: 'TimeLimitExceeded' } });
    await o.tornDown();
  });

  test('is unsubscribed when its task is revoked', async () => {
    await using o = await open(pool);
    const handle = await o.client.submit(o.tick, { file: o.file });
    await o.subscribed(handle.id);
    await handle.revoke();
    await expect(handle.result()).rejects.toMatchObject({ code: 'task_revoked' });
    await o.tornDown();
  });

  test('is unsubscribed when the worker stops, and its task goes back', async () => {
    await using o = await open(pool);
    const { id } = await o.client.submit(o.tick, { file: o.file });
    await o.subscribed(id);
    await o.close();
    await o.tornDown();
    expect(await o.state(id)).toBe('QUEUED');
  });

  test('is unsubscribed when the lease is lost', async () => {
    await using o = await open(pool);
    const { id } = await o.client.submit(o.tick, { file: o.file });
    await o.subscribed(id);
    const row = await o.store.tasks.get(id);
    const [claim] = await o.store.tasks.claimStates([id]);
    expect(row!.state).toBe('PROGRESS');
    o.server.worker.leaseLost(claim!.claimWorker!);
    await o.tornDown();
  });
});

test('of a batch it is unsubscribed when the last of its tasks is over, not before', async () => {
  await using o = await open('async');
  const handles = await Promise.all([0, 1].map(() => o.client.submit(ticks, { file: o.file })));
  for (const { id } of handles) await o.subscribed(id);
  await handles[0]!.revoke();
  await expect(handles[0]!.result()).rejects.toMatchObject({ code: 'task_revoked' });
  expect(await o.state(handles[1]!.id)).toBe('PROGRESS');
  expect(await readFile(o.file, 'utf8')).toBe('');
  await handles[1]!.revoke();
  await o.tornDown();
});

test('a teardown that throws ends its own task and nothing else', async () => {
  await using o = await open('async', { timeLimit: 0.1 });
  const bad = await o.client.submit(o.tick, { file: '/' });
  await expect(bad.result()).rejects.toMatchObject({ document: { type: 'TimeLimitExceeded' } });
  const good = await o.client.submit(o.tick, { file: o.file });
  await expect(good.result()).rejects.toMatchObject({ document: { type: 'TimeLimitExceeded' } });
  await o.tornDown();
});
