import { systemClock, type Clock, type Log } from '@lovage/ports';

export interface PostgresBrokerOptions {
  /**
   * `postgres://user:password@host:port/database`. The broker keeps its tables there in a schema of its own,
   * `lovage_broker`, and creates it at the first start, which takes the right to create schemas. A direct connection: a
   * pooler that shares sessions (PgBouncer in transaction mode) breaks LISTEN and the locks of sessions.
   */
  readonly url: string;
  readonly log: Log;
  /** How long `start` tries, ms. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /** Shown in `pg_stat_activity`. Default `lovage-broker`. */
  readonly applicationName?: string;
  /**
   * Between looks after dead consumers and lost notifications, ms. Default 1000. Shorter: a killed consumer's messages
   * come back sooner, at a few small statements each time.
   */
  readonly pollMs?: number;
  /** A connection that answers nothing for so long is given up, ms. Default 10 000. */
  readonly silenceMs?: number;
  /** Largest message, properties and body, and largest reply, bytes. Default 16 MiB, which is RabbitMQ's as well. */
  readonly maxMessageBytes?: number;
  /** Queue that refused messages go to. Default `lovage.dead`. */
  readonly deadLetterQueue?: string | undefined;
  /** Most dead letters that wait there; beyond it the oldest are dropped. Default 10 000. */
  readonly deadLetterLimit?: number;
  /** For tests. */
  readonly clock?: Clock;
}

export type CompiledPostgresOptions = Required<PostgresBrokerOptions>;

/** @throws RangeError naming the option and what it should be. */
export function compileOptions(options: PostgresBrokerOptions): CompiledPostgresOptions {
  const compiled: CompiledPostgresOptions = {
    url: options.url,
    log: options.log,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    applicationName: options.applicationName ?? 'lovage-broker',
    pollMs: options.pollMs ?? 1000,
    silenceMs: options.silenceMs ?? 10_000,
    maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
    deadLetterQueue: options.deadLetterQueue ?? 'lovage.dead',
    deadLetterLimit: options.deadLetterLimit ?? 10_000,
    clock: options.clock ?? systemClock,
  };
  for (const name of ['connectTimeoutMs', 'pollMs', 'silenceMs', 'maxMessageBytes', 'deadLetterLimit'] as const) {
    const value = compiled[name];
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`${name} must be a whole number of 1 or more, not ${value}`);
  }
  return compiled;
}
