import {
  Batcher,
  isBadValue,
  isolate,
  isReadOnly,
  isTransient,
  type LovageError,
  sqlClass,
  toError,
} from '@lovage/foundation';
import {
  BrokerUnavailableError,
  ConfirmLostError,
  DEFAULT_PRIORITY,
  isQueueName,
  PublishRefusedError,
  UnroutableError,
  type OutgoingMessage,
} from '@lovage/ports';
import { ConnectionLostError, NotSentError } from '../connection/connection-errors.ts';
import type { StatementRunner } from '../connection/statement.ts';
import { pack, packPriorities, splitBySize, type Packable } from './pack.ts';
import { writeProperties } from './properties.ts';
import { PUBLISH, PUBLISH_PRIORITIES } from './publish-sql.ts';

type Outcome = LovageError | undefined;

// Twice: while Postgres waits for the disk with one batch, it gets the next.
const BATCHES_UNDER_WAY = 2;
/** Bytes of one statement, so that a crowd of large messages is no single huge one. */
const STATEMENT_BYTES = 4 * 1024 * 1024;
const MAX_ATTEMPTS = 5;

export interface BatchPublisherOptions {
  readonly runner: StatementRunner;
  readonly isUp: () => boolean;
  /** Largest message, bytes. */
  readonly maxMessageBytes: number;
}

/** Stores messages in batches; each is confirmed once its batch is committed and on disk. */
export class BatchPublisher {
  private readonly batcher: Batcher<Packable, Outcome>;

  constructor(private readonly options: BatchPublisherOptions) {
    this.batcher = new Batcher({ concurrency: BATCHES_UNDER_WAY, flush: (items) => this.flush(items) });
  }

  /** As `Broker.publish`. */
  async publish(message: OutgoingMessage): Promise<void> {
    if (!this.options.isUp()) throw unavailable();
    const outcome = await this.batcher.add(this.prepare(message));
    if (outcome) throw outcome;
  }

  /** Resolves once nothing is under way. */
  idle(): Promise<void> {
    return this.batcher.idle();
  }

  private prepare(message: OutgoingMessage): Packable {
    if (!isQueueName(message.queue)) throw new UnroutableError(message.queue);
    let properties: string;
    try {
      properties = writeProperties(message);
    } catch (error) {
      throw new PublishRefusedError('the headers cannot be written as JSON', { cause: error });
    }
    const propertiesSize = Buffer.byteLength(properties);
    const size = propertiesSize + message.body.length;
    if (size > this.options.maxMessageBytes)
      throw new PublishRefusedError(
        `the message has ${size} bytes, the broker takes ${this.options.maxMessageBytes}: keep large data elsewhere and send a reference`,
      );
    const { queue, body } = message;
    const priority = message.priority === DEFAULT_PRIORITY ? undefined : message.priority;
    return { queue, priority, properties, propertiesSize, body };
  }

  private async flush(items: readonly Packable[]): Promise<Outcome[]> {
    // The connection may have gone while they waited: nothing is kept for later.
    if (!this.options.isUp()) return items.map(unavailable);
    const prioritized = items.filter(hasPriority);
    if (prioritized.length === 0) return this.storeAll(items);
    // Apart, so that the others go the way they always go.
    const [first, rest] = [prioritized, items.filter((item) => !hasPriority(item))];
    const outcomes = await Promise.all([this.storeAll(first), this.storeAll(rest)]);
    return items.map((item) => outcomes[hasPriority(item) ? 0 : 1].shift());
  }

  private async storeAll(items: readonly Packable[]): Promise<Outcome[]> {
    const runs = splitBySize(items, STATEMENT_BYTES);
    return (await Promise.all(runs.map((run) => this.store(run)))).flat();
  }

  /** One value that Postgres cannot keep undoes the whole batch: the others must not suffer for it. */
  private store(items: readonly Packable[]): Promise<readonly Outcome[]> {
    return isolate(items, {
      write: (batch) => this.storeTogether(batch),
      isOfOne: isBadValue,
      onFaulty: (_, error) => [explain(error)],
    });
  }

  private async storeTogether(items: readonly Packable[], attempt = 1): Promise<Outcome[]> {
    const prioritized = hasPriority(items[0]!);
    const { values, places } = prioritized ? packPriorities(items) : pack(items);
    try {
      const statement = prioritized ? PUBLISH_PRIORITIES : PUBLISH;
      const found = new Set((await this.options.runner.run(statement, values)).map((row) => row[0]));
      return places.map((place, n) => (found.has(place) ? undefined : new UnroutableError(items[n]!.queue)));
    } catch (error) {
      if (isTransient(error) && attempt < MAX_ATTEMPTS) return this.storeTogether(items, attempt + 1);
      if (isBadValue(error)) throw error;
      return items.map(() => explain(error));
    }
  }
}

const hasPriority = ({ priority }: Packable): boolean => priority !== undefined;

function unavailable(): BrokerUnavailableError {
  return new BrokerUnavailableError('the broker (Postgres) is away; nothing was sent: try again later');
}

function explain(error: unknown): LovageError {
  if (error instanceof NotSentError)
    return new BrokerUnavailableError('no connection to the broker (Postgres); nothing was sent', { cause: error });
  if (error instanceof ConnectionLostError)
    return new ConfirmLostError('the connection broke before the confirm: the message may be stored or not', {
      cause: error,
    });
  // Out of disk, memory or connections, read-only since a failover, an operator at work: undone, and no fault of the message.
  if (isReadOnly(error) || ['53', '55', '57', '58'].includes(sqlClass(error) ?? ''))
    return new BrokerUnavailableError(`Postgres takes no messages now: ${toError(error).message}; nothing was stored`, {
      cause: error,
    });
  return new PublishRefusedError(`Postgres refused the message: ${toError(error).message}`, { cause: error });
}
