import { startProcess } from '@lovage/testing/start-process';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import type { Stand } from './stand.ts';

/** When a Redis writes its log to disk: each second, so that it may lose one, or before each answer, as PostgreSQL and RabbitMQ do. */
export type Fsync = 'everysec' | 'always';

/** A Redis of the bench's own. */
export interface BenchRedis extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly client: Redis;
  /** Forgets all. */
  empty(): Promise<void>;
}

/** @throws Error when there is no `redis-server`. */
export async function openRedis(stand: Stand, fsync: Fsync): Promise<BenchRedis> {
  const port = await freePort();
  // Several of them share the folder.
  const files = ['--dir', stand.folder, '--appenddirname', `redis-${fsync}-${port}`];
  const args = ['--port', String(port), '--bind', '127.0.0.1', ...files, '--save', ''];
  const server = await startProcess('redis-server', [...args, '--appendonly', 'yes', '--appendfsync', fsync], {
    ready: /Ready to accept connections/i,
  });
  const client = new Redis(port);
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    client,
    empty: async () => void (await client.flushall()),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server.stop();
    },
  };
}
