import { LovageError, type Service } from '@lovage/foundation';
import type {
  CeleryConsole,
  CeleryConsoleOptions,
  CeleryEventsListener,
  CeleryEventsOptions,
} from './celery-console.ts';
import type { CeleryLink, CeleryLinkOptions } from './celery-link.ts';
import type { PriorityLevel } from './priority.ts';

/** A message on its way to a queue. Always persistent and mandatory; never with a broker-side expiry (the broker would drop it and its task would wait for ever). */
export interface OutgoingMessage {
  readonly queue: string;
  readonly body: Buffer;
  /** `application/json` from us. */
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly correlationId?: string;
  /** Address of the caller's {@link ReplyInbox}. */
  readonly replyTo?: string;
  /**
   * From 0 to 9, higher is more urgent; left out: normal, and costs nothing. It decides the level ({@link levelOf}); within a
   * level the adapter may go by it too. On a queue of somebody else it is a property of the message, and that queue's arguments decide.
   */
  readonly priority?: number | undefined;
}

/** How a message died: it was refused, or the broker gave it up by itself. */
export interface MessageDeath {
  /** Where it died, by the name that it was published to. At most 255 characters, no NUL. */
  readonly queue: string;
  /**
   * In RabbitMQ's words, which every adapter uses: `rejected` (`nack` without `requeue`), `expired`, `maxlen`, `delivery_limit`; `unknown` where
   * the broker does not say. At most 255 characters, no NUL.
   */
  readonly reason: string;
  /** When, ms since the epoch; null: nobody noted it. */
  readonly at: number | null;
  /** How often it has died in this queue for this reason, from 1. */
  readonly count: number;
}

/** A message received. Its receiver calls `ack` or `nack`, once. */
export interface Delivery {
  readonly queue: string;
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** As its producer stated it; Celery's say 0 for none. */
  readonly priority: number | undefined;
  /** At which level of its queue it waited; on a queue without levels: normal. */
  readonly level: PriorityLevel;
  /** Delivered before, to somebody who did not ack. */
  readonly redelivered: boolean;
  /** Its last death; undefined: it never died. Set on what comes from the {@link Broker.deadLetterQueue}. */
  readonly death?: MessageDeath | undefined;
  /** Of this message and of no other, the same at each delivery from this queue; undefined where the broker tells none. */
  readonly identity?: string | undefined;
  /**
   * Done with. Bound to the connection it came on: if that is gone the call does nothing, and the broker delivers the message
   * again. Adapters may gather acks of one tick into one.
   */
  ack(): void;
  /** Not done: back to the queue (`requeue`), or to the queue's dead letters. */
  nack(options: { requeue: boolean }): void;
}

export interface ConsumeOptions {
  /**
   * Most deliveries of one priority level held unacked by this consumption: a flood of one leaves room for the others, so that what is
   * more urgent is brought at once. Messages without a priority are all of one level.
   */
  readonly prefetch: number;
  onDelivery(delivery: Delivery): void;
}

/**
 * `consuming`: subscribed, and what waits comes. `paused`: cancelled by us. `stalled`: nothing comes though it should, since the
 * connection or the channel is away, or messages wait and none is delivered; the adapter is about to mend it.
 */
export type ConsumptionState = 'consuming' | 'paused' | 'stalled';

export interface ConsumptionHealth {
  readonly state: ConsumptionState;
  /** Since when, ms since the epoch. */
  readonly since: number;
}

/**
 * A running subscription. It survives reconnects: the adapter subscribes again by itself, also when it finds, within 10 s,
 * that messages wait and none comes though there is room for them.
 */
export interface Consumption {
  readonly health: ConsumptionHealth;
  /** No further deliveries; those received may still be acked. */
  cancel(): Promise<void>;
  /** Cancels, flushes acks and closes: what is unacked is requeued. Idempotent. */
  close(): Promise<void>;
}

/** How a queue is made that is not there yet. */
export interface DeclareOptions {
  /** As Celery's programs declare it, who will do so, too. Default: as the broker's options say. */
  readonly celery?: boolean;
  /** Bound to this exchange as well, which is made if it is not there. For brokers with exchanges. */
  readonly binding?: { readonly exchange: string; readonly type: string; readonly routingKey: string };
}

export interface QueueDepth {
  /** Waiting for a consumer, at all priority levels. */
  readonly ready: number;
  /** Of them those of the other priority levels; left out: there are none. */
  readonly levels?: { readonly high: number; readonly low: number };
  readonly consumers: number;
}

/** An answer to the one who submitted: Celery's rpc result message. Not persistent: the row is the truth, this notifies. */
export interface Reply {
  readonly correlationId: string;
  readonly body: Buffer;
}

export interface ReplyInbox {
  /** Goes into {@link OutgoingMessage.replyTo}. Constant over reconnects; replies sent while the connection is away are lost. */
  readonly address: string;
  close(): Promise<void>;
}

/** `blocked`: connected, but the broker takes no publishes now (RabbitMQ: memory or disk alarm). */
export type BrokerState = 'up' | 'down' | 'blocked';

/**
 * What Lovage needs of a message broker. Adapters: `libs/broker-rabbitmq`, `libs/broker-postgres`, `libs/broker-redis`; `libs/conformance`
 * is the suite that each of them passes.
 */
export interface Broker extends Service {
  /** `rabbitmq`, `postgres`, `redis`. */
  readonly kind: string;
  /** Fit for logs: no password. */
  readonly displayUrl: string;
  /** Where messages go that were refused (`nack` without `requeue`), or that the broker gave up by itself. It may be consumed; what is refused there is dropped. */
  readonly deadLetterQueue: string;
  readonly state: BrokerState;
  /** Calls `listener` at each change of {@link state}; returns how to stop that. */
  onStateChange(listener: (state: BrokerState) => void): () => void;

  /** Connects, trying for at most `connectTimeoutMs` of the adapter's options; afterwards it reconnects by itself for ever. @throws BrokerUnavailableError */
  start(): Promise<void>;

  /**
   * Makes sure the queue is there, and again after each reconnect. Takes over a queue that others declared differently.
   * @throws InvalidQueueNameError
   * @throws RangeError this broker cannot make such a binding.
   * @throws BrokerUnavailableError the connection is away: nothing is remembered.
   */
  declare(queue: string, options?: DeclareOptions): Promise<void>;

  /**
   * Resolves once the broker has confirmed that it holds the message durably. Many may be in flight.
   * @throws BrokerUnavailableError nothing was sent.
   * @throws ConfirmLostError the connection broke before the answer: the message may or may not be there.
   * @throws UnroutableError no such queue.
   * @throws PublishRefusedError the broker answered no.
   */
  publish(message: OutgoingMessage): Promise<void>;

  /**
   * Resolves once subscribed; from then on it lasts until closed.
   * @throws UnroutableError no such queue: it was not declared before.
   * @throws RangeError the prefetch is no whole number from 1.
   * @throws BrokerUnavailableError the connection is away: there is no subscription.
   */
  consume(queue: string, options: ConsumeOptions): Promise<Consumption>;

  /**
   * Opens this process's one reply inbox.
   * @throws BrokerUnavailableError the connection is away.
   */
  openReplies(onReply: (reply: Reply) => void): Promise<ReplyInbox>;
  /** Sends a reply, best effort: an address that nobody reads, or a connection that is away, drops it. */
  reply(address: string, reply: Reply): void;

  /**
   * Lets a worker speak to Celery's tools. Left out: they do not speak this broker. Resolves when it can be used, or is known not to be for
   * now; then it is tried again with each connection. Never rejects.
   */
  openCelery?(options: CeleryLinkOptions): Promise<CeleryLink>;

  /**
   * Lets a process ask nodes by Celery's remote control. Left out: this broker has none. It is opened again with each connection.
   * @throws BrokerUnavailableError
   */
  openCeleryConsole?(options: CeleryConsoleOptions): Promise<CeleryConsole>;
  /** Listens to Celery's events. Left out: this broker has none. Never rejects: it is tried again with each connection. */
  listenToCelery?(options: CeleryEventsOptions): Promise<CeleryEventsListener>;

  /**
   * @throws UnroutableError no such queue.
   * @throws BrokerUnavailableError
   */
  depth(queue: string): Promise<QueueDepth>;
  /**
   * Messages that were delivered and are not acked, by queue, all priority levels together; of queues that the broker tells nothing of, no entry.
   * Left out: it never tells.
   * @throws BrokerUnavailableError
   */
  unacked?(queues: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * Drops every waiting message; returns how many. What consumers hold stays.
   * @throws UnroutableError no such queue.
   * @throws BrokerUnavailableError
   */
  purge(queue: string): Promise<number>;
  /** Removes queue and messages, and forgets its declaration; no harm when it does not exist. For tests and tools. */
  deleteQueue(queue: string): Promise<void>;
}

export class BrokerUnavailableError extends LovageError {
  readonly code = 'broker_unavailable';
}

export class ConfirmLostError extends LovageError {
  readonly code = 'confirm_lost';
}

export class PublishRefusedError extends LovageError {
  readonly code = 'publish_refused';
}

export class UnroutableError extends LovageError {
  readonly code = 'unroutable';
  constructor(
    readonly queue: string,
    options?: ErrorOptions,
  ) {
    super(
      `there is no queue ${JSON.stringify(queue)}: start a worker that serves it (WORKER_QUEUES), or correct the name`,
      options,
    );
  }
}
