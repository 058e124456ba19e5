import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { startProcess, type TestProcess } from '@lovage/testing/start-process';
import { runForResult } from '../stand/child.ts';
import { openRedis, type BenchRedis, type Fsync } from '../stand/redis.ts';
import type { Stand } from '../stand/stand.ts';
import { TIMEOUT_MS, type Produced, type System } from './system.ts';

/** Outside of the sources: what it needs is installed apart. */
const FOLDER = new URL('../../peers/', import.meta.url);

/**
 * BullMQ on a Redis of its own that writes its log to disk as told. 50 jobs at a time, 100 `add` calls in flight.
 */
class Bullmq implements System {
  readonly share = 1;

  constructor(
    readonly name: string,
    private readonly redis: BenchRedis,
  ) {}

  async reset(): Promise<void> {
    await this.redis.empty();
  }

  startWorker(): Promise<TestProcess> {
    return startProcess(process.execPath, [this.file, 'worker', String(this.redis.port)], { ready: /^READY/ });
  }

  submit(n: number): Promise<Produced> {
    return this.produce('submit', n);
  }

  async latency(rate: number, n: number): Promise<number[]> {
    return (await this.produce<{ took: number[] }>('latency', rate, n)).took;
  }

  count(): Promise<number> {
    return this.redis.client.zcard('bull:bench:completed');
  }

  async countRight(): Promise<number> {
    let right = 0;
    const ids = await this.redis.client.zrange('bull:bench:completed', 0, -1);
    const jobs = await Promise.all(ids.map((id) => this.redis.client.hmget(`bull:bench:${id}`, 'data', 'returnvalue')));
    for (const [data, value] of jobs)
      if (Number(value) === (JSON.parse(data ?? '{}') as { x: number }).x + 1) right += 1;
    return right;
  }

  private get file(): string {
    return fileURLToPath(new URL('bullmq.mjs', FOLDER));
  }

  private produce<T>(command: string, ...args: number[]): Promise<T> {
    const line = [this.file, command, String(this.redis.port), ...args.map(String)];
    return runForResult<T>(process.execPath, line, { env: {}, timeoutMs: TIMEOUT_MS });
  }
}

/** On a Redis that another system uses too, at another time. @throws Error when its packages are not installed. */
export function bullmqOn(redis: BenchRedis, name = 'bullmq'): System {
  try {
    createRequire(new URL('package.json', FOLDER)).resolve('bullmq');
  } catch (error) {
    throw new Error('BullMQ is not installed; run: npm ci --prefix bench/peers', { cause: error });
  }
  return new Bullmq(name, redis);
}

/** @throws Error when its packages are not installed, or there is no redis-server. */
export async function openBullmq(stand: Stand, fsync: Fsync): Promise<{ system: System; close(): Promise<unknown> }> {
  const redis = await openRedis(stand, fsync);
  try {
    const system = bullmqOn(redis, fsync === 'always' ? 'bullmq-always' : 'bullmq');
    return { system, close: async () => redis[Symbol.asyncDispose]() };
  } catch (error) {
    await redis[Symbol.asyncDispose]();
    throw error;
  }
}
