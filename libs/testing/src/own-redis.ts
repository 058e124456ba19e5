import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardProcess } from '@lovage/processes';
import { Redis, type RedisOptions } from 'ioredis';
import { eventually } from './eventually.ts';

/** A Redis of a test's own, which it may fill, kill and start again. */
export class OwnRedis implements AsyncDisposable {
  private process: ChildProcess | undefined;

  private constructor(
    /** Of its data; it outlives a kill. */
    readonly dir: string,
    /** 0: it listens on its {@link socket} alone. */
    readonly port: number,
    private readonly args: readonly string[],
  ) {}

  /** On a socket. @param args of `redis-server`; nothing is kept on disk unless they say so. */
  static start(...args: string[]): Promise<OwnRedis> {
    return OwnRedis.open(0, args);
  }

  /** On a free port of 127.0.0.1, and on a socket. */
  static async startOnPort(...args: string[]): Promise<OwnRedis> {
    return OwnRedis.open(await freePort(), args);
  }

  private static async open(port: number, args: readonly string[]): Promise<OwnRedis> {
    const server = new OwnRedis(mkdtempSync(join(tmpdir(), 'lovage-redis-')), port, args);
    try {
      await server.up();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get socket(): string {
    return join(this.dir, 'redis.sock');
  }

  get url(): string {
    return this.port === 0 ? `redis+socket://${this.socket}` : `redis://127.0.0.1:${this.port}/0`;
  }

  /** Starts it, also after it was killed; resolves when it answers. */
  async up(): Promise<void> {
    const args = ['--port', `${this.port}`, '--unixsocket', this.socket, '--dir', this.dir, '--save', '', ...this.args];
    this.process = spawn('redis-server', args, { stdio: 'ignore' });
    // No test may leave it running.
    if (this.process.pid !== undefined) {
      const guard = guardProcess(this.process.pid, { signal: 'SIGKILL' });
      this.process.once('exit', () => guard.release());
    }
    const ended = once(this.process, 'exit').then(() => true);
    await eventually(
      async () => {
        if (await Promise.race([ended, this.answers()])) return true;
        return false;
      },
      { timeoutMs: 20_000 },
    );
    if (!this.running) throw new Error(`redis-server ended at once: ${args.join(' ')}`);
  }

  async ask<T>(question: (redis: Redis) => Promise<T>, options: RedisOptions = {}): Promise<T> {
    const redis = new Redis({
      path: this.socket,
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      ...options,
    });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** By SIGKILL. What is not on its disk is gone. */
  async kill(): Promise<void> {
    if (!this.running) return;
    this.process!.kill('SIGKILL');
    await once(this.process!, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private get running(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  private answers(): Promise<boolean> {
    // Whether it has loaded its data, or wants a password, is told by the answer.
    return this.ask((redis) => redis.ping(), { enableReadyCheck: false }).then(
      (answer) => answer === 'PONG',
      (error: unknown) => String(error).includes('NOAUTH'),
    );
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
