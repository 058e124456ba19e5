import { maskUrl, Signal } from '@lovage/foundation';
import {
  CeleryBackendError,
  type CeleryBackend,
  type ChordCount,
  type ChordPart,
  type Log,
  type StateNotice,
  type StateWatch,
  type StoredState,
} from '@lovage/ports';
import { Redis, type ChainableCommander } from 'ioredis';
import { redisOptionsOf, type RedisTransportOptions } from './redis-options.ts';
import { COUNT_PART, ENDED, STORE_STATE } from './store-script.ts';

export interface CeleryRedisOptions {
  /** As Celery writes it: `redis://…`, `rediss://…`, `redis+socket://…`, `sentinel://…;sentinel://…`. */
  readonly url: string;
  /** Celery's `result_backend_transport_options`. */
  readonly transport?: RedisTransportOptions | undefined;
  /** How long a result is kept, ms: Celery's `result_expires`. Default one day. */
  readonly expiresMs?: number;
  readonly log: Log;
}

const DAY_MS = 86_400_000;
const TASK = 'celery-task-meta-';
const GROUP = 'celery-taskset-meta-';
/** Ours: the part of this task in its chord is dealt with. */
const PART = 'lovage-chord-part-';
/** As much of a document as tells its status. */
const HEAD_BYTES = 24;

interface WithScripts extends ChainableCommander {
  storeState(key: string, meta: string, seconds: string, ready: string): this;
  countPart(j: string, t: string, s: string, done: string, score: string, part: string, seconds: string): this;
}

/** Celery's result backend on Redis, in its exact keys. Not yet connected. @throws CeleryBackendUrlError */
export function openCeleryRedis(options: CeleryRedisOptions): CeleryBackend {
  return new CeleryRedis(options);
}

class CeleryRedis implements CeleryBackend {
  readonly displayUrl: string;
  private readonly redis: Redis;
  private readonly changed = new Signal<boolean>();
  private readonly seconds: string;
  private readonly prefix: string;
  private readonly watchers = new Set<Redis>();
  private up = false;
  private toldAway = false;
  private stopped = false;

  constructor(private readonly options: CeleryRedisOptions) {
    const { url, transport = {}, expiresMs = DAY_MS, log } = options;
    this.displayUrl = maskUrl(url);
    this.seconds = String(Math.max(1, Math.ceil(expiresMs / 1000)));
    this.prefix = transport.global_keyprefix ?? '';
    this.redis = new Redis(redisOptionsOf(url, transport));
    this.redis.defineCommand('storeState', { numberOfKeys: 1, lua: STORE_STATE });
    this.redis.defineCommand('countPart', { numberOfKeys: 4, lua: COUNT_PART });
    this.redis.on('ready', () => this.set(true));
    this.redis.on('close', () => this.set(false));
    // Without a listener an error ends the process; each has a change or a rejected command beside.
    this.redis.on('error', (error: Error) => {
      if (this.toldAway) return;
      this.toldAway = true;
      log.warn({ err: error, backend: this.displayUrl }, "Celery's result backend cannot be reached; tried again");
    });
  }

  get isUp(): boolean {
    return this.up;
  }

  onChange(listener: (isUp: boolean) => void): () => void {
    return this.changed.on(listener);
  }

  async start(): Promise<void> {
    // The first try is all that it rejects for; those after it are made all the same.
    await this.redis.connect().catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const watcher of this.watchers) watcher.disconnect();
    if (this.up) await this.redis.quit().catch(() => undefined);
    this.redis.disconnect();
  }

  async store(states: readonly StoredState[]): Promise<void> {
    if (states.length === 0) return;
    const pipeline = this.redis.pipeline() as WithScripts;
    for (const { taskId, meta, ready } of states)
      pipeline.storeState(`${this.prefix}${TASK}${taskId}`, meta, this.seconds, ready ? '1' : '0');
    await this.run(pipeline);
  }

  async load(taskIds: readonly string[]): Promise<(string | null)[]> {
    if (taskIds.length === 0) return [];
    return this.asked(() => this.redis.mget(taskIds.map((id) => `${this.prefix}${TASK}${id}`)));
  }

  async withoutEnd(taskIds: readonly string[]): Promise<string[]> {
    if (taskIds.length === 0) return [];
    const pipeline = this.redis.pipeline();
    for (const id of taskIds) pipeline.getrange(`${this.prefix}${TASK}${id}`, 0, HEAD_BYTES);
    const heads = (await this.run(pipeline)) as string[];
    return taskIds.filter((_, n) => !ENDED.test(heads[n]!));
  }

  watch(onState: (notice: StateNotice) => void): StateWatch {
    const { url, transport = {} } = this.options;
    // What it follows it follows again with each connection, by ioredis itself. One that only listens has no commands to time out.
    const { commandTimeout: _, ...options } = redisOptionsOf(url, transport);
    const watcher = new Redis({ ...options, enableOfflineQueue: true, maxRetriesPerRequest: null });
    this.watchers.add(watcher);
    watcher.on('error', () => undefined);
    const key = `${this.prefix}${TASK}`;
    const keys = (ids: readonly string[]): string[] => ids.map((id) => `${key}${id}`);
    watcher.on('messageBuffer', (channel: Buffer, meta: Buffer) =>
      onState({ taskId: channel.toString('utf8').slice(key.length), meta }),
    );
    void watcher.connect().catch(() => undefined);
    return {
      follow: (ids) => void (ids.length > 0 && watcher.subscribe(...keys(ids)).catch(() => undefined)),
      unfollow: (ids) => void (ids.length > 0 && watcher.unsubscribe(...keys(ids)).catch(() => undefined)),
      close: () => {
        this.watchers.delete(watcher);
        watcher.disconnect();
      },
    };
  }

  async setChordSize(groupId: string, size: number): Promise<void> {
    const key = `${this.keyOf(groupId)}.s`;
    // As Celery does: clients do not wait for it, but its monitor shows both.
    const pipeline = this.redis.multi().setex(key, this.seconds, String(size)).publish(key, String(size));
    await this.run(pipeline);
  }

  async addChordPart({ groupId, groupIndex, part, taskId }: ChordPart): Promise<ChordCount> {
    const key = this.keyOf(groupId);
    const pipeline = this.redis.pipeline() as WithScripts;
    const score = groupIndex === null ? '+inf' : String(groupIndex);
    pipeline.countPart(`${key}.j`, `${key}.t`, `${key}.s`, this.partOf(taskId), score, part, this.seconds);
    const [[done, more, size]] = (await this.run(pipeline)) as [[number, string | null, string | null]];
    return { done, size: size === null ? null : Number(size) + Number(more ?? 0) };
  }

  async withoutPart(taskIds: readonly string[]): Promise<string[]> {
    if (taskIds.length === 0) return [];
    const pipeline = this.redis.pipeline();
    for (const id of taskIds) pipeline.exists(this.partOf(id));
    const found = await this.run(pipeline);
    return taskIds.filter((_, n) => found[n] === 0);
  }

  chordParts(groupId: string): Promise<string[]> {
    return this.asked(() => this.redis.zrange(`${this.keyOf(groupId)}.j`, 0, -1));
  }

  async endChord({
    groupId,
    taskId,
    keep = false,
  }: {
    groupId: string;
    taskId: string;
    keep?: boolean;
  }): Promise<void> {
    const key = this.keyOf(groupId);
    const pipeline = this.redis.multi().setex(this.partOf(taskId), this.seconds, '1');
    if (!keep) pipeline.del(`${key}.j`, `${key}.t`, `${key}.s`);
    await this.run(pipeline);
  }

  group(groupId: string): Promise<string | null> {
    return this.asked(() => this.redis.get(this.keyOf(groupId)));
  }

  async saveGroup(groupId: string, group: string): Promise<void> {
    const key = this.keyOf(groupId);
    await this.run(this.redis.multi().setex(key, this.seconds, group).publish(key, group));
  }

  private partOf(taskId: string): string {
    return `${this.prefix}${PART}${taskId}`;
  }

  private keyOf(groupId: string): string {
    return `${this.prefix}${GROUP}${groupId}`;
  }

  private set(isUp: boolean): void {
    if (isUp === this.up) return;
    this.up = isUp;
    const { log } = this.options;
    if (isUp) {
      this.toldAway = false;
      log.info({ backend: this.displayUrl }, "Celery's result backend is connected");
    } else if (!this.stopped) {
      this.toldAway = true;
      log.warn(
        { backend: this.displayUrl },
        "Celery's result backend is away; results wait, and are written from the rows",
      );
    }
    this.changed.emit(isUp);
  }

  /** The answers of all commands. @throws CeleryBackendError one failed */
  private async run(pipeline: ChainableCommander): Promise<unknown[]> {
    const answers = await this.asked(() => pipeline.exec());
    if (!answers) throw new CeleryBackendError("Celery's result backend undid a transaction");
    for (const [error] of answers) if (error) throw wrapped(error);
    return answers.map(([, answer]) => answer);
  }

  private async asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw wrapped(error);
    }
  }
}

function wrapped(error: unknown): CeleryBackendError {
  if (error instanceof CeleryBackendError) return error;
  return new CeleryBackendError(`Celery's result backend: ${(error as Error).message}`, { cause: error });
}
