import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';
import type { TestDatabase, TestRabbit } from '@lovage/testing';
import { descendants } from '../kit/processes.ts';
import type { KitWorker } from './kit-run.ts';

/** A signature of a task of the kit, as Celery writes it. */
export const sig = (task: string, args: unknown[], options: object = {}) => ({
  ...{ task: `interop.${task}`, args, kwargs: {}, options, subtask_type: null, immutable: task !== 'xsum' },
});

export const chord = (header: object[], body: object) => ({
  ...{ task: 'celery.chord', args: [], options: {}, subtask_type: 'chord', immutable: false },
  kwargs: { kwargs: {}, header, body },
});

/** Three sums, added up: 3 n + 6. */
export const sumsOf = (n: number) =>
  chord([sig('add', [n, 1]), sig('add', [n, 2]), sig('add', [n, 3])], sig('xsum', []));

/** Publishes tasks as a Celery program does, each with a chain behind it. */
export class Producer implements AsyncDisposable {
  private constructor(
    private readonly connection: amqp.ChannelModel,
    private readonly channel: amqp.ConfirmChannel,
    private readonly queue: string,
  ) {}

  static async open({ url }: TestRabbit, queue: string): Promise<Producer> {
    const connection = await amqp.connect(url);
    return new Producer(connection, await connection.createConfirmChannel(), queue);
  }

  /** Gives the id of the first task, an `add`. */
  send(chain: object[] = []): string {
    const id = randomUUID();
    this.channel.sendToQueue(this.queue, Buffer.from(JSON.stringify([[1, 2], {}, { chain }])), {
      ...{ contentType: 'application/json', contentEncoding: 'utf-8', persistent: true, correlationId: id },
      headers: { lang: 'py', task: 'interop.add', id, root_id: id },
    });
    return id;
  }

  /** Resolves when the broker has all of it. */
  confirmed(): Promise<void> {
    return this.channel.waitForConfirms();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
  }
}

export async function count(db: TestDatabase, name: string, state: string): Promise<number> {
  const rows = await db.query<{ n: number }>('select count(*)::int as n from tasks where name = $1 and state = $2', [
    `interop.${name}`,
    state,
  ]);
  return rows[0]!.n;
}

/** Every row of a body: each chord has one, which ran once. */
export const bodies = (db: TestDatabase) =>
  db.query<{ id: string; state: string; result: number; runs: number }>(
    `select t.id, t.state, (t.result::text)::int as result, t.retries + (select count(*)::int from attempts a where a.task_id = t.id) as runs
     from tasks t where name = 'interop.xsum'`,
  );

/** Kills the worker itself by SIGKILL; what else belongs to it ends behind it. */
export async function killWorker({ process: { pid, exit } }: KitWorker): Promise<void> {
  for (const child of descendants(pid)) if (child.command.includes('kit-app')) process.kill(child.pid, 'SIGKILL');
  await exit;
}
