import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { openPlatform } from '@lovage/platform';
import { ContractRegistry, POOLS, type PoolKind } from '@lovage/task';
import { eventually, silentLog, startProcess, testDatabase, type TestProcess } from '@lovage/testing';
import { readRuns, RUNS_VARIABLE } from '../count/run-log.ts';
import { programsOf } from '../platform/program.ts';
import { GATES_VARIABLE, MANNERS, stopContracts, type Manner } from './stop-contracts.ts';

export interface StopSuiteOptions {
  /** Undefined: the embedded broker. */
  readonly brokerUrl: string | undefined;
  readonly queue: string;
  /** Tasks that run when the signal comes, by pool. */
  readonly running: Readonly<Record<PoolKind, number>>;
  /** `WORKER_SHUTDOWN_GRACE`. */
  readonly graceSeconds: number;
  /** From SIGTERM to SIGKILL: `terminationGracePeriodSeconds`. */
  readonly killSeconds: number;
}

/** A machine that is busy takes its time to start children. */
const PATIENCE = { timeoutMs: 600_000, everyMs: 200 };

/** SIGTERM, and SIGKILL in the middle of the grace, of a worker whose every pool is full. */
export function stopSuite(options: StopSuiteOptions): void {
  const { running, graceSeconds, killSeconds } = options;
  const total = POOLS.reduce((sum, pool) => sum + running[pool], 0);

  test(`SIGTERM: of ${total} running tasks of all pools those that end in time are recorded, all others handed over; it exits before it is killed`, async () => {
    await using stage = await StopStage.start(options);
    const worker = await stage.fullWorker();
    // A child that a busy machine does not start in time leaves its task for a later attempt, too.
    const before = await stage.released();
    const began = performance.now();
    worker.signal('SIGTERM');
    await stage.stopping();
    stage.open('prompt');
    const exit = await worker.exit;
    const tookSeconds = (performance.now() - began) / 1000;
    process.stdout.write(`SIGTERM with ${total} running tasks: exit after ${tookSeconds.toFixed(1)} s\n`);
    expect(exit).toEqual({ code: 0, signal: null });
    expect(tookSeconds).toBeGreaterThanOrEqual(graceSeconds);
    expect(tookSeconds).toBeLessThan(killSeconds);
    const states = Object.fromEntries((await stage.states()).map(({ manner, state }) => [manner, state]));
    expect(states).toEqual({ prompt: ['SUCCESS'], polite: ['QUEUED'], deaf: ['QUEUED'] });
    expect((await stage.released()) - before).toBe(stage.of('polite') + stage.of('deaf'));
    await stage.finish();
    expect((await stage.outcomes()).map(({ outcome }) => outcome)).toEqual(['RELEASED']);
    for (const manner of MANNERS) expect(stage.runs(manner)).toEqual([manner === 'prompt' ? 1 : 2]);
  });

  test('SIGKILL in the middle of the grace: nothing is lost, no attempt is burnt, nobody is suspected', async () => {
    await using stage = await StopStage.start(options);
    const worker = await stage.fullWorker();
    worker.signal('SIGTERM');
    await stage.stopping();
    stage.open('prompt');
    await sleep((graceSeconds / 2) * 1000);
    worker.signalGroup('SIGKILL');
    expect(await worker.exit).toMatchObject({ signal: 'SIGKILL' });
    const began = performance.now();
    await stage.finish();
    const seconds = (performance.now() - began) / 1000;
    process.stdout.write(`SIGKILL within the grace: all ${total} tasks have ended ${seconds.toFixed(1)} s later\n`);
    const outcomes = await stage.outcomes();
    expect(outcomes.filter(({ outcome }) => !['LOST', 'RELEASED'].includes(outcome))).toEqual([]);
    for (const manner of ['polite', 'deaf'] as const) expect(stage.runs(manner)).toEqual([2]);
  });
}

class StopStage implements AsyncDisposable {
  private readonly apps: TestProcess[] = [];
  private readonly ids = new Map<string, Manner>();
  private constructor(
    private readonly options: StopSuiteOptions,
    private readonly dir: string,
    private readonly db: Awaited<ReturnType<typeof testDatabase>>,
    private readonly platform: Awaited<ReturnType<typeof openPlatform>>,
  ) {}

  static async start(options: StopSuiteOptions): Promise<StopStage> {
    const dir = mkdtempSync(join(tmpdir(), 'lovage-stop-'));
    mkdirSync(join(dir, 'gates'));
    const db = await testDatabase();
    const brokerUrl = options.brokerUrl ?? db.url;
    const platform = await openPlatform({ databaseUrl: db.url, brokerUrl, log: silentLog });
    await platform.start();
    return new StopStage(options, dir, db, platform);
  }

  /** A worker and a beat; resolves when every pool of the worker is full. */
  async fullWorker(): Promise<TestProcess> {
    const { running, queue, graceSeconds } = this.options;
    const client = this.platform.client(new ContractRegistry(Object.values(stopContracts)));
    const worker = await this.app('worker', { WORKER_SHUTDOWN_GRACE: `${graceSeconds}s` });
    await this.app('beat');
    for (const pool of POOLS)
      for (let n = 0; n < running[pool]; n += 1) {
        const manner = MANNERS[n % MANNERS.length]!;
        const contract = stopContracts[pool] as typeof stopContracts.async;
        this.ids.set((await client.submit(contract, { manner }, { queue, awaitReply: false })).id, manner);
      }
    await eventually(() => readRuns(join(this.dir, 'runs')).size === this.ids.size, PATIENCE);
    return worker;
  }

  /** Resolves when the worker has noted that it stops. */
  async stopping(): Promise<void> {
    await eventually(async () => (await this.db.query('select from workers where stopping')).length > 0, PATIENCE);
  }

  open(gate: 'prompt' | 'all'): void {
    writeFileSync(join(this.dir, 'gates', gate), '');
  }

  /** Another worker runs whatever is left; resolves when all have ended well, and no attempt was burnt. */
  async finish(): Promise<void> {
    this.open('all');
    await this.app('worker');
    await eventually(async () => (await this.states()).every(({ state }) => `${state}` === 'SUCCESS'), PATIENCE);
    const ids = [...this.ids.keys()];
    expect(await this.db.query('select count(*)::int as n from tasks where id = any($1)', [ids])).toEqual([
      { n: ids.length },
    ]);
    expect(
      await this.db.query('select id from tasks where retries > 0 or crashes > 0 or suspicion > 0 or worker is null'),
    ).toEqual([]);
  }

  /** Which states tasks of each manner have. */
  async states(): Promise<{ manner: Manner; state: string[] }[]> {
    const rows = await this.db.query<{ id: string; state: string }>('select id, state from tasks');
    return MANNERS.map((manner) => ({
      manner,
      state: [...new Set(rows.filter(({ id }) => this.ids.get(id) === manner).map(({ state }) => state))].sort(),
    }));
  }

  /** Attempts that did not end their task. */
  outcomes(): Promise<{ outcome: string; n: number }[]> {
    return this.db.query('select outcome, count(*)::int as n from attempts group by 1 order by 1');
  }

  async released(): Promise<number> {
    return (await this.outcomes()).find(({ outcome }) => outcome === 'RELEASED')?.n ?? 0;
  }

  of(manner: Manner): number {
    return [...this.ids.values()].filter((one) => one === manner).length;
  }

  /** How often tasks of a manner were run: each number once. */
  runs(manner: Manner): number[] {
    const runs = [...readRuns(join(this.dir, 'runs'))];
    return [...new Set(runs.filter(([id]) => this.ids.get(id) === manner).map(([, count]) => count))].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.open('all');
    await Promise.all(this.apps.map((app) => app[Symbol.asyncDispose]()));
    await this.platform.stop();
    await this.db.drop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async app(app: 'worker' | 'beat', env: Readonly<Record<string, string>> = {}): Promise<TestProcess> {
    const { queue, running, brokerUrl } = this.options;
    const programs = await programsOf('testing/stop-preload.ts');
    const started = await startProcess(process.execPath, programs[app], {
      env: {
        ...{ DATABASE_URL: this.db.url, BROKER_URL: brokerUrl ?? '', NODE_ENV: 'test', WORKER_QUEUES: queue },
        ...{ WORKER_CONCURRENCY: `${running.async}`, WORKER_CHILDREN: `${running.thread}` },
        ...{ [RUNS_VARIABLE]: join(this.dir, 'runs'), [GATES_VARIABLE]: join(this.dir, 'gates') },
        ...env,
      },
      ready: `${app} ready`,
      timeoutMs: 120_000,
    });
    this.apps.push(started);
    return started;
  }
}
