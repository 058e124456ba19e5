import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { prepareRow } from '@lovage/client';
import { isUuid, newId, type TaskRoutes } from '@lovage/foundation';
import { LOAD_TEST_MAX, type LoadTestBody, type LoadTestDocument, type LoadTestList } from '@lovage/http-api';
import type { Clock, LoadTestNote, LoadTestStore } from '@lovage/ports';
import { ContractUnknownError, type ContractRegistry } from '@lovage/task';
import { CLOCK, CONTRACTS, type GatewayOptions, type GatewayPlatform, OPTIONS, PLATFORM, ROUTES } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { loadDocument, withoutPoints } from './load-document.ts';
import type { FromLoadChild, LoadOrder, ToLoadChild } from './load-messages.ts';
import type { LoadReport } from './load-report.ts';

/** Its gateway must be heard of within so long, ms: reports come twice a second. */
const ALIVE_MS = 15_000;
/** Tests of one list. */
const LISTED = 20;
/** How long a child may take to end once it was asked to, ms. */
const STOP_MS = 10_000;

/** A test that runs here. */
interface Running {
  readonly child: ChildProcess;
  /** Settled once its end is noted. */
  readonly ended: Promise<void>;
  asked: boolean;
}

/** Runs load tests, one at a time, each in a child process: what a gateway serves meanwhile does not wait for it. */
@Injectable()
export class LoadTests implements OnModuleDestroy {
  private readonly store: LoadTestStore<LoadReport>;
  private running: Running | undefined;

  constructor(
    @Inject(PLATFORM) platform: Pick<GatewayPlatform, 'loadTests'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(ROUTES) private readonly routes: TaskRoutes,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(OPTIONS) private readonly options: Pick<GatewayOptions, 'loadTests'>,
  ) {
    this.store = platform.loadTests<LoadReport>();
  }

  async onModuleDestroy(): Promise<void> {
    const { running } = this;
    if (!running) return;
    this.askChild(running);
    await running.ended;
  }

  async list(): Promise<LoadTestList> {
    const tests = await this.store.list(LISTED);
    return { enabled: this.options.loadTests !== undefined, items: tests.map(withoutPoints) };
  }

  /** @throws ProblemError `load_test_unknown` */
  async get(id: string): Promise<LoadTestDocument> {
    const test = isUuid(id) ? await this.store.get(id.toLowerCase()) : undefined;
    if (!test) throw unknown(id);
    return loadDocument(test);
  }

  /** @throws ProblemError `load_tests_off`, `load_test_running`; ContractUnknownError InputInvalidError */
  async start(body: LoadTestBody, userId: string): Promise<LoadTestDocument> {
    const { loadTests } = this.options;
    if (!loadTests) throw new ProblemError('load_tests_off', 'set LOAD_TESTS=on for the gateway to switch them on');
    const { contract: name, input, total, seconds, rate = null, rampSeconds } = body;
    const contract = this.contracts.find(name);
    if (!contract) throw new ContractUnknownError(name);
    const { queue } = prepareRow(contract, input, { userId }, this.clock.now(), this.routes).task;
    const spec = { contract: name, total, seconds, rate, rampSeconds };
    const id = newId();
    if (!(await this.store.begin({ id, spec, actor: userId }, ALIVE_MS)))
      throw new ProblemError('load_test_running', 'a load test runs already; stop it, or wait for its end');
    const { execArgv = process.execArgv, ...platform } = loadTests;
    const plan = { total, seconds, rate: rate ?? LOAD_TEST_MAX.rate, rampSeconds };
    const order = { ...platform, contract: name, input, queue, userId, tag: `load-test:${id}`, plan };
    this.run(id, order, execArgv);
    return this.get(id);
  }

  /** Whether it ran, and how it stands. @throws ProblemError `load_test_unknown` */
  async stop(id: string): Promise<{ readonly test: LoadTestDocument; readonly stopped: boolean }> {
    const stopped = isUuid(id) && (await this.store.askStop(id.toLowerCase()));
    return { test: await this.get(id), stopped };
  }

  private run(id: string, order: LoadOrder, execArgv: readonly string[]): void {
    const main = import.meta.url.endsWith('.ts') ? './load-child.ts' : './load-child.js';
    const child = fork(fileURLToPath(new URL(main, import.meta.url)), [], {
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    // What it is told last is written last.
    let last = Promise.resolve();
    let end: LoadTestNote<LoadReport> = { state: 'failed', error: 'its process ended too early' };
    const note = (one: LoadTestNote<LoadReport>): Promise<void> =>
      (last = last.then(async () => {
        const answer = await this.store.note(id, one, ALIVE_MS).catch(() => 'go on');
        if (answer !== 'go on') this.askChild(running);
      }));
    child.on('message', (message: FromLoadChild) => {
      if (message.kind === 'report') void note({ state: message.state, report: message.report });
      else if (message.kind === 'failed') end = { state: 'failed', error: message.error };
      else end = { state: running.asked ? 'stopped' : 'done', report: message.report };
    });
    child.on('error', () => undefined);
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => {
        this.running = undefined;
        void note(end).then(resolve);
      });
    });
    const running: Running = { child, ended, asked: false };
    this.running = running;
    child.send({ kind: 'start', order } satisfies ToLoadChild, () => undefined);
  }

  private askChild(running: Running): void {
    if (running.asked) return;
    running.asked = true;
    const { child } = running;
    if (child.connected) child.send({ kind: 'stop' } satisfies ToLoadChild, () => undefined);
    const cancelTimer = this.clock.after(STOP_MS, () => child.kill('SIGKILL'));
    void running.ended.then(cancelTimer);
  }
}

const unknown = (id: string): ProblemError =>
  new ProblemError('load_test_unknown', `there is no load test ${JSON.stringify(id)}: the newest 100 are kept`);
