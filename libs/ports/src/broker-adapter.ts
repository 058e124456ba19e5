import { LovageError } from '@lovage/foundation';
import type { Broker } from './broker.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** What every adapter is opened with; it takes what it has a use for. */
export interface BrokerOpenOptions {
  /** Of a scheme that the adapter is registered for. */
  readonly url: string;
  /** How long `start` tries, ms. */
  readonly connectTimeoutMs: number;
  /** How the server's own tools show this process. */
  readonly applicationName: string;
  /** Default `lovage.dead`. */
  readonly deadLetterQueue?: string | undefined;
  /** Queues that programs of Celery declare too: made and used as they do it, without priorities. Default none. */
  readonly celeryQueues?: readonly string[] | undefined;
  /** Makes the queues in which messages that Celery's producers delay wait, of this kind. Default: other programs make them. */
  readonly delayQueues?: 'quorum' | 'classic' | undefined;
  /** `http://…` of a management API beside the server. Default: nobody is asked. */
  readonly managementUrl?: string | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** What an adapter's package exports as `brokerAdapter`; `libs/platform` registers it by the schemes of its URLs. */
export interface BrokerAdapter {
  /** Of the server, for people: `RabbitMQ`. */
  readonly serverName: string;
  /** A broker that is not started. @throws ServerUrlError RangeError for an option that makes no sense. */
  open(options: BrokerOpenOptions): Broker;
  /** Resolves when the server takes the login, and leaves nothing behind. Rejects with what the client library threw. */
  probe(url: string, timeoutMs: number): Promise<void>;
}

/** A server's URL that cannot be used. */
export class ServerUrlError extends LovageError {
  readonly code = 'server_url_invalid';
  constructor(
    readonly server: 'broker' | 'database',
    /** Without its password. */
    readonly url: string,
    /** What it should be: ends the sentence "it should be …". */
    expected: string,
    options?: ErrorOptions,
  ) {
    super(`Lovage cannot use the URL of the ${server}, ${url}; it should be ${expected}`, options);
  }
}
