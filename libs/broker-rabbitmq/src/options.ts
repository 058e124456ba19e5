import { hostname } from 'node:os';
import { InvalidQueueNameError, isQueueName, systemClock, type Clock, type Log } from '@lovage/ports';
import { DEAD_LETTERS } from './topology/queue-arguments.ts';

/**
 * How queues are made that do not exist yet. A queue that is there is taken over as it is.
 *
 * - `quorum`: replicated, with the dead letters behind it.
 * - `celery`: durable, classic, without arguments, exactly as a Python worker declares it; for queues shared with Python.
 */
export type QueueKind = 'quorum' | 'celery';

export interface RabbitBrokerOptions {
  /** `amqp://user:password@host:5672/vhost`, or `amqps://`. */
  readonly url: string;
  /** How long `start` tries, ms. Default 10,000. Afterwards the broker reconnects for ever. */
  readonly connectTimeoutMs?: number;
  /** Default `quorum`. */
  readonly queueKind?: QueueKind;
  /**
   * Exchange and queue of the dead letters. Default `lovage.dead`. Every process of a platform has the same, and platforms
   * that share a virtual host have different ones, or one would collect the letters of the other.
   */
  readonly deadLetterQueue?: string | undefined;
  /**
   * Heartbeat, seconds. Default 10: a peer that vanished is noticed within 20 to 30 s, and an event loop may be busy for
   * 20 s before the server takes this process for dead.
   */
  readonly heartbeatSeconds?: number;
  /**
   * Largest body accepted, bytes. Default 16 MiB, the limit of RabbitMQ 4. A server answers a larger one than its own limit by
   * closing the channel, and every publish in flight would lose its confirm with it.
   */
  readonly maxBodyBytes?: number;
  /**
   * `http://user:password@host:15672`, or `https://`: the management plugin, asked for messages in delivery. Default: nobody is asked.
   */
  readonly managementUrl?: string | undefined;
  /** Shown by the server for each connection. Default `lovage <pid>@<host>`. */
  readonly connectionName?: string;
  readonly log: Log;
  readonly clock?: Clock;
}

export type CompiledOptions = Required<Omit<RabbitBrokerOptions, 'managementUrl'>> &
  Pick<RabbitBrokerOptions, 'managementUrl'> & { readonly vhost: string };

/**
 * @throws TypeError when the URL is not one of AMQP. It names no part of the URL, which may hold a password.
 * @throws InvalidQueueNameError for the dead letters.
 */
export function compileOptions(options: RabbitBrokerOptions): CompiledOptions {
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  const protocol = url?.protocol;
  if (!url || (protocol !== 'amqp:' && protocol !== 'amqps:')) {
    throw new TypeError('not a RabbitMQ URL: write amqp://user:password@host:5672/vhost, or amqps://…');
  }
  const deadLetterQueue = options.deadLetterQueue ?? DEAD_LETTERS;
  if (!isQueueName(deadLetterQueue)) throw new InvalidQueueNameError(deadLetterQueue);
  return {
    url: options.url,
    vhost: vhostOf(url),
    managementUrl: options.managementUrl,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    queueKind: options.queueKind ?? 'quorum',
    deadLetterQueue,
    heartbeatSeconds: options.heartbeatSeconds ?? 10,
    maxBodyBytes: options.maxBodyBytes ?? 16 * 1024 * 1024,
    connectionName: options.connectionName ?? `lovage ${process.pid}@${hostname()}`,
    log: options.log,
    clock: options.clock ?? systemClock,
  };
}

/** As amqplib reads it. */
function vhostOf({ pathname }: URL): string {
  if (pathname === '') return '/';
  try {
    return decodeURIComponent(pathname.slice(1));
  } catch {
    return pathname.slice(1);
  }
}
