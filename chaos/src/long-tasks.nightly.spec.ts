import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { openPlatform, type Platform } from '@lovage/platform';
import type { TaskRow } from '@lovage/ports';
import { ContractRegistry } from '@lovage/task';
import {
  eventually,
  silentLog,
  startProcess,
  testDatabase,
  type TestDatabase,
  type TestProcess,
} from '@lovage/testing';
import { readRuns, RUNS_VARIABLE } from './count/run-log.ts';
import { programsOf } from './platform/program.ts';
import { findRabbit, RabbitNode } from './servers/rabbit-node.ts';
import { long, longLate } from './testing/long-contract.ts';

jest.setTimeout(180_000);

/** RabbitMQ's limit for an unacked message, whose default is 30 min. */
const CONSUMER_TIMEOUT_MS = 2000;
/** Three times that. */
const LONG_MS = 6000;
const LEASE_MS = 6000;

const hasRabbit = (): boolean => {
  try {
    findRabbit();
    return true;
  } catch {
    return process.env['REQUIRE_SERVICES'] === '1';
  }
};
const describeWithNode = hasRabbit() ? describe : describe.skip;

describeWithNode('a task that runs longer than RabbitMQ waits for an ack', () => {
  let dir: string;
  let rabbit: RabbitNode;
  let db: TestDatabase;
  let platform: Platform;
  const apps: TestProcess[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'lovage-long-'));
    rabbit = await RabbitNode.start(join(dir, 'rabbit'));
    // Channels look at their unacked messages once a minute; here once in half a second.
    await rabbit.evaluate(
      `application:set_env(rabbit, consumer_timeout, ${CONSUMER_TIMEOUT_MS}), application:set_env(rabbit, channel_tick_interval, 500).`,
    );
    db = await testDatabase();
    platform = await openPlatform({ databaseUrl: db.url, brokerUrl: rabbit.url, log: silentLog });
    await platform.start();
  }, 180_000);
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app[Symbol.asyncDispose]()));
  }, 60_000);
  afterAll(async () => {
    await platform?.stop();
    await db?.drop();
    await rabbit?.dispose();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  const start = async (app: 'worker' | 'beat', ...flags: string[]): Promise<TestProcess> => {
    const programs = await programsOf('testing/long-preload.ts');
    const started = await startProcess(process.execPath, [...programs[app], ...flags], {
      env: {
        ...{ DATABASE_URL: db.url, BROKER_URL: rabbit.url, NODE_ENV: 'test', WORKER_QUEUES: 'long' },
        [RUNS_VARIABLE]: join(dir, 'runs'),
      },
      ready: `${app} ready`,
      timeoutMs: 120_000,
    });
    apps.push(started);
    return started;
  };
  const submit = async (contract: typeof long | typeof longLate, ms: number): Promise<string> => {
    const client = platform.client(contracts);
    return (await client.submit(contract as typeof long, { ms }, { awaitReply: false })).id;
  };
  const row = async (id: string, state: string): Promise<TaskRow> =>
    eventually(
      async () => {
        const found = await platform.tasks.get(id);
        return found?.state === state ? found : undefined;
      },
      { timeoutMs: 60_000 },
    );
  const runsOf = (id: string): number | undefined => readRuns(join(dir, 'runs')).get(id);
  const contracts = new ContractRegistry([long, longLate]);

  test("ack 'claim': the broker is told before the run, and has nothing to wait for", async () => {
    const worker = await start('worker');
    const id = await submit(long, LONG_MS);
    expect(await row(id, 'SUCCESS')).toMatchObject({ retries: 0, suspected: 0, generation: 0 });
    expect(runsOf(id)).toBe(1);
    expect(worker.output).not.toContain('RabbitMQ closed a channel');
  });

  test("ack 'late': RabbitMQ closes the channel and delivers again; the run takes that as well, once, and the queue is served on", async () => {
    const worker = await start('worker');
    const id = await submit(longLate, LONG_MS);
    await worker.line('RabbitMQ closed a channel', { timeoutMs: 60_000 });
    expect(worker.output).toContain('PRECONDITION_FAILED');
    expect((await platform.tasks.get(id))?.state).toBe('STARTED');
    const other = await submit(longLate, 0);
    expect(await row(other, 'SUCCESS')).toMatchObject({ suspected: 0 });
    expect((await platform.tasks.get(id))?.state).toBe('STARTED');
    expect(await row(id, 'SUCCESS')).toMatchObject({ retries: 0, suspected: 0, generation: 0 });
    expect([runsOf(id), runsOf(other)]).toEqual([1, 1]);
    expect(await db.query('select * from attempts where task_id = $1', [id])).toEqual([]);
    // Acked: nothing is left to be delivered.
    await worker.stop();
    await eventually(async () => (await rabbit.ready('long')) === 0);
  });

  test("ack 'claim': when its worker is killed, another runs it within twice the lease", async () => {
    await start('beat');
    const worker = await start('worker', '-n', 'first@test');
    const id = await submit(long, 60_000);
    await row(id, 'STARTED');
    await eventually(() => runsOf(id) === 1);
    await start('worker', '-n', 'second@test');
    const began = performance.now();
    worker.signal('SIGKILL');
    await eventually(async () => (await platform.tasks.get(id))?.worker === 'second@test', { timeoutMs: 60_000 });
    const tookMs = performance.now() - began;
    process.stdout.write(`killed with a task under ack 'claim': taken over ${(tookMs / 1000).toFixed(1)} s later\n`);
    expect(tookMs).toBeLessThan(2 * LEASE_MS);
    expect(await platform.tasks.get(id)).toMatchObject({ state: 'STARTED', suspected: 1, retries: 0 });
    expect(await db.query('select outcome from attempts where task_id = $1', [id])).toEqual([{ outcome: 'LOST' }]);
    await eventually(() => runsOf(id) === 2);
  });
});
