import { z } from 'zod';
import { decodeResult, encodeTask, type IncomingResult } from '@lovage/celery';
import { newId, Signal } from '@lovage/foundation';
import type { Clock, TaskRow } from '@lovage/ports';
import { openStore, PgWorkerLease, type PgStore } from '@lovage/store-postgres';
import { defineTask, type AnyContract, type TaskOptions } from '@lovage/task';
import {
  childFlags,
  eventually,
  MemoryBroker,
  RecordingLog,
  silentLog,
  testDatabase,
  TestLease,
  type TestDatabase,
} from '@lovage/testing';
import type { BatchHandle, Handle } from '../handler-binding.ts';
import { HandlerTable, servedContract, type Handler } from '../handlers.ts';
import type { WorkerOptions } from '../options.ts';
import type { ChildrenOptions } from '../pools/child-options.ts';
import { TaskWorker } from '../worker.ts';
import type { WorkerDeps } from '../worker-deps.ts';
import { messageOf, relay } from './relay.ts';

const QUEUE = 'default';

/** A contract whose handler the test brings. */
export function echo(defaults: TaskOptions = {}) {
  return defineTask({
    name: 'test.echo',
    input: z.strictObject({ value: z.unknown() }),
    output: z.unknown(),
    progress: z.object({ percent: z.number() }),
    errors: { Refused: z.object({ reason: z.string() }) },
    defaults,
  });
}

/** Children that run the deeds of `child-tasks.ts`. */
export async function children(options: Partial<ChildrenOptions> = {}): Promise<ChildrenOptions> {
  return {
    boot: new URL('./child-tasks.ts', import.meta.url).href,
    slots: 2,
    execArgv: await childFlags(),
    ...options,
  };
}

export interface Sent {
  readonly id: string;
  readonly generation?: number;
}

export type FixtureWorkerOptions = Partial<WorkerOptions> & {
  clock?: Clock;
  /** A lease that is renewed, and may be lost: by a thread, for so long each time. Default: one that holds until the end. */
  leaseMs?: number;
} & Pick<WorkerDeps, 'submitChild' | 'contract' | 'canvas'>;

/** A database, a broker in memory, and workers on both. */
export class Fixture implements AsyncDisposable {
  readonly broker = new MemoryBroker();
  readonly replied = new Signal<IncomingResult>();
  readonly log = new RecordingLog();
  readonly store: PgStore;
  private readonly workers: TaskWorker[] = [];
  private relaying: AsyncDisposable | undefined;
  private replyTo = '';

  private constructor(readonly db: TestDatabase) {
    this.store = openStore({ url: db.url, log: silentLog });
  }

  static async open(): Promise<Fixture> {
    const fixture = new Fixture(await testDatabase());
    await fixture.broker.start();
    await fixture.broker.declare(QUEUE);
    const inbox = await fixture.broker.openReplies((reply) => {
      const result = decodeResult(reply.body);
      if (result) fixture.replied.emit(result);
    });
    fixture.replyTo = inbox.address;
    return fixture;
  }

  /** A running worker that serves one contract. */
  worker(contract: AnyContract, handle: Handle, options: FixtureWorkerOptions = {}): Promise<TaskWorker> {
    return this.serve(contract, { name: contract.name, handle }, options);
  }

  /** The same of a contract with `batch`. */
  batchWorker(
    contract: AnyContract,
    handleBatch: BatchHandle,
    options: FixtureWorkerOptions = {},
  ): Promise<TaskWorker> {
    return this.serve(contract, { name: contract.name, handleBatch }, options);
  }

  private async serve(contract: AnyContract, handler: Handler, options: FixtureWorkerOptions): Promise<TaskWorker> {
    const { clock, leaseMs, submitChild, contract: find, canvas, ...rest } = options;
    const name = rest.name ?? `worker-${this.workers.length + 1}@test`;
    const info = { name, host: 'test', pid: 1, queues: [QUEUE], concurrency: 1, serves: [servedContract(contract)] };
    const lease =
      leaseMs === undefined
        ? new TestLease(this.db.url, info)
        : new PgWorkerLease({
            url: this.db.url,
            info,
            log: silentLog,
            leaseMs,
            renewMs: leaseMs / 4,
            onLost: (id) => worker.leaseLost(id),
          });
    const worker: TaskWorker = new TaskWorker(
      {
        broker: this.broker,
        tasks: this.store.tasks,
        logs: this.store.logs,
        steps: this.store.steps,
        queues: this.store.queues,
        holdings: this.store.rescue,
        limits: this.store.limits,
        deadLetters: this.store.deadLetters,
        contracts: this.store.contracts,
        outbox: this.store.outbox,
        messageOf,
        lease,
        handlers: new HandlerTable([contract], [handler]),
        log: this.log,
        clock,
        submitChild,
        contract: find,
        canvas,
      },
      { queues: [QUEUE], concurrency: 10, ...rest, name },
    );
    this.workers.push(worker);
    await worker.start();
    return worker;
  }

  /** Publishes a task's message as a producer does; its row is the claim's to make. */
  async send(
    value: unknown,
    overrides: Partial<Parameters<typeof encodeTask>[0]> = {},
    queue = QUEUE,
    priority?: number,
  ): Promise<string> {
    const id = overrides.id ?? newId();
    const encoded = encodeTask({
      id,
      name: 'test.echo',
      inputJson: JSON.stringify({ value }),
      rootId: null,
      parentId: null,
      retries: 0,
      generation: 0,
      hasRow: false,
      replyTo: this.replyTo,
      ...overrides,
    });
    await this.broker.publish({ queue, priority, ...encoded });
    return id;
  }

  /** The same as a Celery producer, which knows of no generations. */
  async sendAsCelery(id: string, name: string): Promise<void> {
    const given = {
      id,
      name,
      inputJson: '{"value":1}',
      rootId: null,
      parentId: null,
      retries: 0,
      generation: 0,
      hasRow: false,
    };
    const { headers, ...encoded } = encodeTask({ ...given, replyTo: this.replyTo });
    const { 'x-lovage-turn': _, ...foreign } = headers;
    await this.broker.publish({ queue: QUEUE, ...encoded, headers: foreign });
  }

  /** Publishes a body as it is, as a Celery program does that waits for the reply; resolves to the task's id. */
  async sendBody(body: string, headers?: Record<string, unknown>): Promise<string> {
    const id = newId();
    const plain = { queue: QUEUE, contentType: 'application/json', contentEncoding: 'utf-8', replyTo: this.replyTo };
    const message = { ...plain, body: Buffer.from(body), correlationId: (headers?.['id'] as string | undefined) ?? id };
    await this.broker.publish({ ...message, headers: headers ?? { task: 'test.echo', id } });
    return id;
  }

  /** From now on what is due in the outbox is sent. */
  relay(): void {
    this.relaying ??= relay(this.store.outbox, this.broker);
  }

  /** The row, once it is terminal. */
  ended(id: string): Promise<TaskRow> {
    return eventually(async () => {
      const row = await this.store.tasks.get(id);
      return row?.finishedAt ? row : undefined;
    });
  }

  async ready(): Promise<number> {
    return (await this.broker.depth(QUEUE)).ready;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    await this.relaying?.[Symbol.asyncDispose]();
    await this.broker.stop();
    await this.store.close();
    await this.db.drop();
  }
}
