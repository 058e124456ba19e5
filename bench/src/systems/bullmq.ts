import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { startProcess, type TestProcess } from '@lovage/testing/start-process';
import { runForResult } from '../stand/child.ts';
import { freePort } from '../stand/free-port.ts';
import type { Stand } from '../stand/stand.ts';
import { TIMEOUT_MS, type Produced, type System } from './system.ts';

/** Outside of the sources: what it needs is installed apart. */
const FOLDER = new URL('../../peers/', import.meta.url);

interface Redis {
  zcard(key: string): Promise<number>;
  flushall(): Promise<unknown>;
  zrange(key: string, from: number, to: number): Promise<string[]>;
  hmget(key: string, ...fields: string[]): Promise<(string | null)[]>;
  disconnect(): void;
}

/** When a Redis writes its log to disk: each second, so that it may lose one, or before each answer, as PostgreSQL and RabbitMQ do. */
export type Fsync = 'everysec' | 'always';

/**
 * BullMQ on a Redis of its own that writes its log to disk as told. 50 jobs at a time, 100 `add` calls in flight.
 */
class Bullmq implements System {
  readonly share = 1;

  constructor(
    readonly name: string,
    private readonly port: number,
    private readonly redis: Redis,
  ) {}

  async reset(): Promise<void> {
    await this.redis.flushall();
  }

  startWorker(): Promise<TestProcess> {
    return startProcess(process.execPath, [this.file, 'worker', String(this.port)], { ready: /^READY/ });
  }

  submit(n: number): Promise<Produced> {
    return this.produce('submit', n);
  }

  async latency(rate: number, n: number): Promise<number[]> {
    return (await this.produce<{ took: number[] }>('latency', rate, n)).took;
  }

  count(): Promise<number> {
    return this.redis.zcard('bull:bench:completed');
  }

  async countRight(): Promise<number> {
    let right = 0;
    const ids = await this.redis.zrange('bull:bench:completed', 0, -1);
    const jobs = await Promise.all(ids.map((id) => this.redis.hmget(`bull:bench:${id}`, 'data', 'returnvalue')));
    for (const [data, value] of jobs)
      if (Number(value) === (JSON.parse(data ?? '{}') as { x: number }).x + 1) right += 1;
    return right;
  }

  private get file(): string {
    return fileURLToPath(new URL('bullmq.mjs', FOLDER));
  }

  private produce<T>(command: string, ...args: number[]): Promise<T> {
    const line = [this.file, command, String(this.port), ...args.map(String)];
    return runForResult<T>(process.execPath, line, { env: {}, timeoutMs: TIMEOUT_MS });
  }
}

/** @throws Error when its packages are not installed, or there is no redis-server. */
export async function openBullmq(stand: Stand, fsync: Fsync): Promise<{ system: System; close(): Promise<unknown> }> {
  let Client: { Redis: new (port: number) => Redis };
  try {
    Client = createRequire(new URL('package.json', FOLDER))('ioredis') as typeof Client;
  } catch (error) {
    throw new Error('BullMQ is not installed; run: npm ci --prefix bench/peers', { cause: error });
  }
  const port = await freePort();
  // Two of them share the folder.
  const files = ['--dir', stand.folder, '--appenddirname', `redis-${fsync}`];
  const args = ['--port', String(port), '--bind', '127.0.0.1', ...files, '--save', ''];
  const server = await startProcess('redis-server', [...args, '--appendonly', 'yes', '--appendfsync', fsync], {
    ready: /Ready to accept connections/i,
  });
  const redis = new Client.Redis(port);
  return {
    system: new Bullmq(fsync === 'always' ? 'bullmq-always' : 'bullmq', port, redis),
    async close() {
      redis.disconnect();
      await server.stop();
    },
  };
}
