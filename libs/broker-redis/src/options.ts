import { systemClock, type Clock, type Log } from '@lovage/ports';

export interface RedisBrokerOptions {
  /**
   * As Celery writes it, see `redisTargetOf` of libs/redis-url: `redis://user:password@host:port/db`, `rediss://…` (TLS),
   * `redis+socket:///path?virtual_host=0`, `sentinel://host:26379/db?master_name=mymaster;sentinel://host2:26379`. No Redis Cluster.
   */
  readonly url: string;
  readonly log: Log;
  /** How long `start` tries, ms. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /** Shown by `CLIENT LIST`. Default `lovage-broker`. */
  readonly applicationName?: string;
  /** Between two signs of life, and looks after dead consumers, ms. Default 1000. */
  readonly beatMs?: number;
  /** A server that answers nothing for so long is given up, ms. Default 10 000. */
  readonly silenceMs?: number;
  /**
   * How long a message is held until Redis is told again that somebody holds it, ms. Well below the `visibility_timeout` of Celery's workers on the
   * same database: they take for lost what nobody told of for so long. Default 5000.
   */
  readonly renewAfterMs?: number;
  /**
   * Between looks into an empty queue, ms: how late a message of a Celery producer may be found, which tells nobody that it sent one. Ours do.
   * Default 50.
   */
  readonly pollMs?: number;
  /** Largest body, bytes. Default 128 MiB; Redis itself takes no value above 512 MiB, and a body is a third longer there. */
  readonly maxMessageBytes?: number;
  /** Queue that refused messages go to. Default `lovage.dead`. */
  readonly deadLetterQueue?: string | undefined;
  /** Most dead letters that wait there; beyond it the oldest are dropped. Default 10 000. */
  readonly deadLetterLimit?: number;
  /**
   * Queues that programs of Celery send to as well: what we send there has no priority, as theirs, and waits in one list with it. Default none:
   * Celery's messages without a priority come before ours of 6 and less.
   */
  readonly celeryQueues?: readonly string[] | undefined;
  /** For tests: why the server takes no messages now; undefined: it does. Default: the server is asked. */
  readonly askFull?: () => Promise<string | undefined>;
  /** For tests. */
  readonly clock?: Clock;
}

export type CompiledRedisOptions = Required<Omit<RedisBrokerOptions, 'askFull'>> & Pick<RedisBrokerOptions, 'askFull'>;

/** @throws RangeError naming the option and what it should be. */
export function compileOptions(options: RedisBrokerOptions): CompiledRedisOptions {
  const compiled: CompiledRedisOptions = {
    url: options.url,
    log: options.log,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    applicationName: options.applicationName ?? 'lovage-broker',
    beatMs: options.beatMs ?? 1000,
    silenceMs: options.silenceMs ?? 10_000,
    renewAfterMs: options.renewAfterMs ?? 5000,
    pollMs: options.pollMs ?? 50,
    maxMessageBytes: options.maxMessageBytes ?? 128 * 1024 * 1024,
    deadLetterQueue: options.deadLetterQueue ?? 'lovage.dead',
    deadLetterLimit: options.deadLetterLimit ?? 10_000,
    celeryQueues: options.celeryQueues ?? [],
    ...(options.askFull && { askFull: options.askFull }),
    clock: options.clock ?? systemClock,
  };
  const numbers = [
    'connectTimeoutMs',
    'beatMs',
    'silenceMs',
    'renewAfterMs',
    'pollMs',
    'maxMessageBytes',
    'deadLetterLimit',
  ] as const;
  for (const name of numbers) {
    const value = compiled[name];
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`${name} must be a whole number of 1 or more, not ${value}`);
  }
  return compiled;
}
