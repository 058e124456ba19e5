import { accessSync, constants, mkdirSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { ServerMissingError, type BrokerServer } from './broker-server.ts';
import { ChaosServer } from './child.ts';
import { freePort } from './free-port.ts';

const START_PATIENCE_MS = 30_000;
/** The lists of a queue, as kombu names them. */
const STEPS = ['', '\x06\x163', '\x06\x166', '\x06\x169'];

/** A Redis of our own, whose log goes to disk each second: the durability that Redis is mostly run with. */
export class RedisNode implements BrokerServer {
  readonly kind = 'redis';
  private child: ChaosServer | undefined;

  private constructor(
    private readonly dir: string,
    private readonly port: number,
  ) {}

  /** Makes one in this folder, and starts it. @throws ServerMissingError */
  static async start(dir: string): Promise<RedisNode> {
    if (!(process.env['PATH'] ?? '').split(delimiter).some((folder) => isProgram(join(folder, 'redis-server'))))
      throw new ServerMissingError('no redis-server on this machine: install Redis 7 (apt-get install redis-server)');
    mkdirSync(dir, { recursive: true });
    const node = new RedisNode(dir, await freePort());
    try {
      await node.up();
    } catch (error) {
      await node.dispose();
      throw error;
    }
    return node;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  async up(): Promise<void> {
    const logFile = join(this.dir, 'node.log');
    const args = [
      ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.dir, '--save', ''],
      // Never rewritten: `crashLosing` cuts its end off.
      ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--auto-aof-rewrite-percentage', '0'],
    ];
    const env = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8' };
    const child = new ChaosServer({ command: 'redis-server', args, env, cwd: this.dir, logFile });
    this.child = child;
    const deadline = performance.now() + START_PATIENCE_MS;
    while (!(await this.ask((redis) => redis.ping()).catch(() => undefined))) {
      if (!child.running || performance.now() > deadline)
        throw new Error(`Redis did not start; it said:\n${readFileSync(logFile, 'utf8').slice(-3000)}`);
      await sleep(50);
    }
  }

  async down(): Promise<void> {
    await this.child?.stop(30_000);
  }

  /**
   * As when its machine loses power: SIGKILL, and what it wrote in the last so many ms has not come to disk.
   * @returns bytes of its log that are gone.
   */
  async crashLosing(ms: number): Promise<number> {
    const log = this.log();
    const kept = statSync(log).size;
    await sleep(ms);
    await this.child?.kill();
    const { size } = statSync(log);
    truncateSync(log, kept);
    return size - kept;
  }

  /** Those that wait and those that are held: all are to be acked in the end. */
  async ready(queue: string): Promise<number> {
    return this.ask(async (redis) => {
      const lengths = await Promise.all(STEPS.map((step) => redis.llen(queue + step)));
      const held = (await redis.hkeys('unacked')).filter((tag) => tag.endsWith(`:${queue}`));
      return lengths.reduce((sum, length) => sum + length, held.length);
    });
  }

  async version(): Promise<string> {
    return /redis_version:(\S+)/.exec(await this.ask((redis) => redis.info('server')))?.[1] ?? 'unknown';
  }

  async dispose(): Promise<void> {
    await this.child?.stop();
  }

  private log(): string {
    const dir = join(this.dir, 'appendonlydir');
    const files = readdirSync(dir).filter((name) => name.endsWith('.incr.aof'));
    if (files.length !== 1) throw new Error(`Redis should have one log, not ${files.join(', ') || 'none'}`);
    return join(dir, files[0]!);
  }

  private async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.port, '127.0.0.1', {
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      connectTimeout: 5000,
    });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
