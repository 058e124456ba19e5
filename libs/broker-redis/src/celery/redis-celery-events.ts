import { toError } from '@lovage/foundation';
import { CELERY_EVENT_KINDS, type CeleryEventsListener, type CeleryEventsOptions, type Log } from '@lovage/ports';
import { Redis, type RedisOptions } from 'ioredis';
import { fanoutPrefix } from '../keys.ts';
import { readEnvelope } from '../wire/envelope.ts';
import { EVENTS } from './exchanges.ts';

/** Messages that wait here, and their length together in UTF-16 units: of more the oldest are dropped. */
const MAX_WAITING = 10_000;
const MAX_LENGTH = 16 * 1024 ** 2;
/** Messages that are handled at once. */
const MAX_TAKEN = 20;
const LONGEST_PAUSE_MS = 2000;

export interface RedisCeleryEventsOptions extends CeleryEventsOptions {
  readonly redis: RedisOptions;
  readonly db: number;
  readonly applicationName: string;
  readonly log: Log;
}

/**
 * Listens to the channels of Celery's events. Redis keeps nothing for a listener, and cuts one off that is slow: so they have a connection of
 * their own, and what comes faster than it is handled waits here, within bounds.
 */
export class RedisCeleryEvents implements CeleryEventsListener {
  private readonly redis: Redis;
  private readonly waiting: string[] = [];
  private length = 0;
  private taken = 0;
  private closed = false;

  constructor(private readonly options: RedisCeleryEventsOptions) {
    const { redis, applicationName, log } = options;
    this.redis = new Redis({
      ...redis,
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      // It subscribes again by itself.
      retryStrategy: (tries) => Math.min(100 * 2 ** Math.min(tries, 10), LONGEST_PAUSE_MS),
      sentinelRetryStrategy: (tries) => Math.min(100 * 2 ** Math.min(tries, 10), LONGEST_PAUSE_MS),
      connectionName: `${applicationName} events`.replaceAll(/[^\x21-\x7e]/g, '-'),
      keepAlive: 10_000,
    });
    this.redis.on('error', (error: unknown) => log.debug({ err: toError(error) }, "Celery's events cannot be heard"));
    this.redis.on('message', (_channel, text) => this.receive(text));
  }

  /** Never rejects: a connection that cannot be had now is tried for again. */
  async start(): Promise<void> {
    this.redis.on('ready', () => void this.subscribe());
    await this.redis.connect().catch(() => undefined);
  }

  close(): Promise<void> {
    this.closed = true;
    this.waiting.length = 0;
    this.redis.disconnect();
    return Promise.resolve();
  }

  private async subscribe(): Promise<void> {
    const { db, log } = this.options;
    try {
      await this.redis.subscribe(...CELERY_EVENT_KINDS.map((kind) => `${fanoutPrefix(db)}${EVENTS}/${kind}`));
    } catch (error) {
      if (!this.closed) log.warn({ err: toError(error) }, "Redis does not let this process hear Celery's events");
    }
  }

  private receive(text: string): void {
    this.waiting.push(text);
    this.length += text.length;
    while (this.waiting.length > MAX_WAITING || (this.length > MAX_LENGTH && this.waiting.length > 1)) this.shift();
    this.take();
  }

  private shift(): string | undefined {
    const text = this.waiting.shift();
    this.length -= text?.length ?? 0;
    return text;
  }

  private take(): void {
    while (!this.closed && this.taken < MAX_TAKEN && this.waiting.length > 0) {
      const { body, contentType } = readEnvelope(this.shift()!);
      this.taken += 1;
      void this.options.onEvents({ body, contentType }).finally(() => {
        this.taken -= 1;
        this.take();
      });
    }
  }
}
