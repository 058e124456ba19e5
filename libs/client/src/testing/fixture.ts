import { z } from 'zod';
import { decodeTask, encodeResult, type IncomingTask, type TaskResult } from '@lovage/celery';
import type { Clock, Log, TaskStore } from '@lovage/ports';
import { openStore, type PgStore } from '@lovage/store-postgres';
import { ContractRegistry, defineTask, type AnyContract, type TaskOptions } from '@lovage/task';
import { MemoryBroker, silentLog, TcpProxy, testDatabase, type TestDatabase } from '@lovage/testing';
import { LovageClient, type LovageClientOptions } from '../client.ts';

export function echo(defaults: TaskOptions = {}, name = 'test.echo') {
  return defineTask({
    name,
    input: z.strictObject({ value: z.unknown() }),
    output: z.unknown(),
    progress: z.object({ percent: z.number() }),
    errors: { Refused: z.object({ reason: z.string() }) },
    defaults,
  });
}

export const plainEcho = echo();
export const finalEcho = echo({ record: 'final' }, 'test.final');
export const unrecordedEcho = echo({ record: 'none' }, 'test.none');

/** A worker in the test's hands: gets what was published and answers as the test says. */
export interface Received {
  readonly task: IncomingTask;
  reply(result: Omit<TaskResult, 'taskId'>): void;
}

/** A real database behind a line that can be cut, a broker in memory, and clients on both. */
export class ClientFixture implements AsyncDisposable {
  readonly broker = new MemoryBroker();
  readonly received: Received[] = [];
  private readonly clients: LovageClient[] = [];

  private constructor(
    readonly db: TestDatabase,
    /** Between the clients and Postgres. */
    readonly line: TcpProxy,
    readonly store: PgStore,
  ) {}

  static async open(): Promise<ClientFixture> {
    const db = await testDatabase();
    const line = await TcpProxy.before(db.url);
    const store = openStore({ url: line.url, log: silentLog });
    const fixture = new ClientFixture(db, line, store);
    await fixture.broker.start();
    return fixture;
  }

  client(
    options: { clock?: Clock; log?: Log; tasks?: TaskStore; contracts?: readonly AnyContract[] } & Pick<
      LovageClientOptions,
      'routes'
    > = {},
  ): LovageClient {
    const { tasks, outbox, lists } = this.store;
    const { contracts: known = [plainEcho, finalEcho, unrecordedEcho], ...rest } = options;
    const contracts = new ContractRegistry(known);
    const client = new LovageClient({
      broker: this.broker,
      tasks,
      outbox,
      lists,
      contracts,
      log: silentLog,
      ...rest,
    });
    this.clients.push(client);
    return client;
  }

  /** Serves a queue: `work` gets each task with the means to answer. */
  async serve(work: (received: Received) => void, queue = 'default'): Promise<void> {
    await this.broker.declare(queue);
    await this.broker.consume(queue, {
      prefetch: 1000,
      onDelivery: (delivery) => {
        const decoded = decodeTask({ ...delivery, contentEncoding: delivery.contentEncoding });
        if (!decoded.ok) throw new Error(decoded.reason);
        const { task } = decoded;
        delivery.ack();
        const received: Received = {
          task,
          reply: (result) => {
            const body = encodeResult({ taskId: task.id, ...result });
            if (task.replyTo) this.broker.reply(task.replyTo, { correlationId: task.correlationId, body });
          },
        };
        this.received.push(received);
        work(received);
      },
    });
  }

  /** Writes the end of a task as a worker's record does, without telling anybody. */
  async end(id: string, state: string, columns: { result?: unknown; error?: unknown; progress?: unknown } = {}) {
    const text = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
    await this.db.query(
      'update tasks set state = $2, result = $3, error = $4, progress = $5, finished_at = now() where id = $1',
      [id, state, text(columns.result), text(columns.error), text(columns.progress)],
    );
  }

  async outbox(): Promise<{ task_id: string; generation: number; due_in: number; leased: boolean }[]> {
    return this.db.query(
      'select task_id, turn as generation, extract(epoch from due_at - now())::float8 as due_in, leased_until > now() as leased from outbox order by task_id',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.clients.map((client) => client.stop()));
    await this.broker.stop();
    await this.store.close();
    await this.line.close();
    await this.db.drop();
  }
}
