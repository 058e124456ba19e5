import { hostname } from 'node:os';
import { systemClock, type Clock, type Log } from '@lovage/ports';
import { checkQueueName } from './topology/level-queues.ts';
import type { DelayQueues } from './topology/delayed-delivery.ts';
import { DEAD_LETTERS, type QueueKind } from './topology/queue-arguments.ts';

export interface RabbitBrokerOptions {
  /** `amqp://user:password@host:5672/vhost`, or `amqps://`. */
  readonly url: string;
  /** How long `start` tries, ms. Default 10,000. Afterwards the broker reconnects for ever. */
  readonly connectTimeoutMs?: number;
  /** Default `quorum`. */
  readonly queueKind?: QueueKind;
  /** Queues of kind `celery`, whatever {@link queueKind} says. Default none. */
  readonly celeryQueues?: readonly string[] | undefined;
  /**
   * Makes the queues in which messages of Celery's producers (5.5 and later) wait that are delayed, of this kind. Default: Celery's workers make them, if
   * there are any; our queues receive what comes out of them either way.
   */
  readonly delayQueues?: DelayQueues | undefined;
  /**
   * Exchange and queue of the dead letters. Default `lovage.dead`. Every process of a platform has the same, and platforms
   * that share a virtual host have different ones, or one would collect the dead letters of the other.
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

export type CompiledRabbitOptions = Required<Omit<RabbitBrokerOptions, 'managementUrl' | 'delayQueues'>> &
  Pick<RabbitBrokerOptions, 'managementUrl' | 'delayQueues'> & { readonly vhost: string };

/**
 * @throws TypeError when the URL is not one of AMQP. It names no part of the URL, which may hold a password.
 * @throws InvalidQueueNameError for the dead letters.
 */
export function compileOptions(options: RabbitBrokerOptions): CompiledRabbitOptions {
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  const protocol = url?.protocol;
  if (!url || (protocol !== 'amqp:' && protocol !== 'amqps:')) {
    throw new TypeError('not a RabbitMQ URL: write amqp://user:password@host:5672/vhost, or amqps://…');
  }
  const deadLetterQueue = options.deadLetterQueue ?? DEAD_LETTERS;
  checkQueueName(deadLetterQueue);
  return {
    url: options.url,
    vhost: vhostOf(url),
    managementUrl: options.managementUrl,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    queueKind: options.queueKind ?? 'quorum',
    celeryQueues: options.celeryQueues ?? [],
    delayQueues: options.delayQueues,
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
