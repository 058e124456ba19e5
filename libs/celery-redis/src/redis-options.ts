import { LovageError, toError } from '@lovage/foundation';
import { redisTargetOf, type TransportOptions } from '@lovage/redis-url';
import type { RedisOptions } from 'ioredis';

/** A URL of a result backend that this adapter does not speak. The text names no part of it that may hold a password. */
export class CeleryBackendUrlError extends LovageError {
  readonly code = 'celery_backend_url_invalid';
}

/** What Celery calls `result_backend_transport_options`, as far as it is known here. */
export interface RedisTransportOptions extends TransportOptions {
  /** Before each key. */
  readonly global_keyprefix?: string;
}

/** How many times a command is tried while the connection breaks: it is to fail at once, its caller keeps what it had to say. */
const NO_TRIES = 0;
/** A server that does not answer is as good as away, ms. */
const COMMAND_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 5000;
/** Longest pause between two tries to connect, ms. */
const MAX_PAUSE_MS = 2000;

const pauseOf = (times: number): number => Math.min(times * 100, MAX_PAUSE_MS);

const COMMON: RedisOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: NO_TRIES,
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  retryStrategy: pauseOf,
  sentinelRetryStrategy: pauseOf,
  // A replica that was the master until now: its writes fail.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
};

/**
 * The options of ioredis for a URL as Celery writes it, see `redisTargetOf`.
 * @throws CeleryBackendUrlError
 */
export function redisOptionsOf(text: string, transport: RedisTransportOptions = {}): RedisOptions {
  try {
    return { ...COMMON, ...redisTargetOf(text, transport).redis };
  } catch (error) {
    const { message } = toError(error);
    throw new CeleryBackendUrlError(`the URL of the result backend cannot be used: ${message}`, { cause: error });
  }
}
