import { LovageError, maskUrl } from '@lovage/foundation';
import type { Broker, Clock, Log } from '@lovage/ports';

/** A server's URL of a kind that nothing here speaks. */
export class ServerUrlError extends LovageError {
  readonly code = 'server_url_invalid';
  constructor(
    readonly server: 'broker' | 'database',
    /** Without its password. */
    readonly url: string,
    expected: string,
  ) {
    super(`the URL of the ${server}, ${url}, is none that Lovage can use; it should be ${expected}`);
  }
}

export interface OpenBrokerOptions {
  /** `amqp://…`, `amqps://…`: RabbitMQ. `postgres://…`, `postgresql://…`: the broker in a database. */
  readonly url: string;
  /** How long `start` tries, ms. */
  readonly connectTimeoutMs: number;
  readonly applicationName: string;
  /** Default `lovage.dead`. */
  readonly deadLetterQueue?: string | undefined;
  /** The management plugin of RabbitMQ. */
  readonly brokerManagementUrl?: string | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** The scheme of a URL, without the colon; empty when it is none. */
export function schemeOf(url: string): string {
  try {
    return new URL(url).protocol.slice(0, -1);
  } catch {
    return '';
  }
}

/**
 * The adapter for a URL, not yet started. Only that adapter is loaded: a process on the broker in Postgres does not carry AMQP.
 * @throws ServerUrlError
 */
export async function openBroker(options: OpenBrokerOptions): Promise<Broker> {
  const { url, connectTimeoutMs, applicationName, deadLetterQueue, log, clock } = options;
  const { brokerManagementUrl: managementUrl } = options;
  switch (schemeOf(url)) {
    case 'amqp':
    case 'amqps': {
      const { RabbitBroker } = await import('@lovage/broker-rabbitmq');
      const connectionName = `${applicationName} ${process.pid}`;
      return new RabbitBroker({ url, connectTimeoutMs, connectionName, deadLetterQueue, managementUrl, log, clock });
    }
    case 'postgres':
    case 'postgresql': {
      const { PostgresBroker } = await import('@lovage/broker-postgres');
      return new PostgresBroker({ url, connectTimeoutMs, applicationName, deadLetterQueue, log, clock });
    }
    default:
      throw new ServerUrlError('broker', maskUrl(url), 'amqp://…, amqps://… or postgres://…');
  }
}
