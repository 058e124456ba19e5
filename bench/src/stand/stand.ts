import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { maskUrl } from '@lovage/foundation';
import pg from 'pg';

const run = promisify(execFile);

/** Where a run takes place: a database, a virtual host and a folder of its own, gone when it is over. */
export interface Stand extends AsyncDisposable {
  readonly databaseUrl: string;
  /** Its name: PostgreSQL shows it in the titles of the processes that work for us. */
  readonly database: string;
  readonly amqpUrl: string;
  readonly folder: string;
  readonly db: pg.Pool;
  /** Makes the queue, empty. */
  emptyQueue(name: string, args?: Readonly<Record<string, unknown>>): Promise<void>;
  /** How many messages wait in it. */
  depth(name: string): Promise<number>;
  /** Deletes it now, or never if it is not there. */
  deleteQueue(name: string): Promise<void>;
}

/**
 * @param env `BENCH_DATABASE_URL`: a server where databases may be made. `BENCH_AMQP_URL`: a virtual host that may be used;
 *   without it one is made on this machine's RabbitMQ, by `rabbitmqctl`.
 * @throws Error naming the server that cannot be used.
 */
export async function openStand(env: Readonly<Record<string, string | undefined>>): Promise<Stand> {
  const name = `lovage_bench_${process.pid}`;
  const undo: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const databaseUrl = await makeDatabase(
      env['BENCH_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres',
      name,
      undo,
    );
    const amqpUrl = env['BENCH_AMQP_URL'] ?? (await makeVhost(name, undo));
    const rabbit = await connectRabbit(amqpUrl);
    undo.push(() => rabbit.connection.close());
    const db = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    undo.push(() => db.end());
    const folder = await mkdtemp(join(tmpdir(), 'lovage-bench-'));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    const { channel } = rabbit;
    const made = new Set<string>();
    // With the queues of priority levels that Lovage makes beside them.
    const remove = async (queue: string): Promise<void> => {
      for (const name of [queue, `${queue}~high`, `${queue}~low`]) await channel.deleteQueue(name);
    };
    undo.push(async () => {
      for (const queue of made) await remove(queue);
    });
    return {
      databaseUrl,
      database: name,
      amqpUrl,
      folder,
      db,
      async emptyQueue(queue, args = { 'x-queue-type': 'quorum' }) {
        made.add(queue);
        // Deleted, not purged: what an earlier run left behind on its disk costs the next one nothing.
        await channel.deleteQueue(queue);
        await channel.assertQueue(queue, { durable: true, arguments: args });
      },
      depth: async (queue) => (await channel.checkQueue(queue)).messageCount,
      async deleteQueue(queue) {
        made.add(queue);
        await remove(queue);
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Undo = (() => Promise<unknown>)[];

async function makeDatabase(serverUrl: string, name: string, undo: Undo): Promise<string> {
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect().catch((error: unknown) => {
    throw new Error(`no PostgreSQL at ${maskUrl(serverUrl)}: set BENCH_DATABASE_URL`, { cause: error });
  });
  undo.push(() => admin.end());
  await admin.query(`create database ${name}`);
  undo.push(() => admin.query(`drop database ${name} with (force)`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const prisma = join(dirname(createRequire(import.meta.url).resolve('prisma/package.json')), 'build/index.js');
  await run(process.execPath, [prisma, 'migrate', 'deploy'], { env: { ...process.env, DATABASE_URL: url.href } });
  return url.href;
}

async function makeVhost(name: string, undo: Undo): Promise<string> {
  const control = (...args: string[]): Promise<unknown> => run('rabbitmqctl', ['-q', ...args]);
  try {
    await control('add_vhost', name);
    undo.push(() => control('delete_vhost', name));
    await control('set_permissions', '-p', name, 'guest', '.*', '.*', '.*');
  } catch (error) {
    throw new Error(
      'rabbitmqctl cannot make a virtual host here: set BENCH_AMQP_URL to one that may be used, such as amqp://guest:guest@127.0.0.1:5672/bench',
      { cause: error },
    );
  }
  return `amqp://guest:guest@127.0.0.1:5672/${name}`;
}

async function connectRabbit(url: string): Promise<{ connection: ChannelModel; channel: Channel }> {
  const connection = await connect(url, { noDelay: true }).catch((error: unknown) => {
    throw new Error(`no RabbitMQ at ${maskUrl(url)}: set BENCH_AMQP_URL`, { cause: error });
  });
  return { connection, channel: await connection.createChannel() };
}
