import type { ChannelModel } from 'amqplib';
import { deferred, hasCode, Lifecycle, LovageError, maskUrl, Signal } from '@lovage/foundation';
import {
  levelOf,
  BrokerUnavailableError,
  UnroutableError,
  type Broker,
  type BrokerState,
  type CeleryConsole,
  type CeleryConsoleOptions,
  type CeleryEventsListener,
  type CeleryEventsOptions,
  type CeleryLink,
  type CeleryLinkOptions,
  type ConsumeOptions,
  type Consumption,
  type DeclareOptions,
  type OutgoingMessage,
  type PriorityLevel,
  type QueueDepth,
  type Reply,
  type ReplyInbox,
} from '@lovage/ports';
import { RabbitCeleryConsole } from './celery/rabbit-celery-console.ts';
import { RabbitCeleryEvents } from './celery/rabbit-celery-events.ts';
import { RabbitCeleryLink } from './celery/rabbit-celery-link.ts';
import { Link } from './connection/link.ts';
import { replyCode } from './connection/throwaway.ts';
import { QueueSubscription } from './consuming/queue-subscription.ts';
import { keepInDeadLetters } from './consuming/keep-refused.ts';
import { ReplyQueue } from './consuming/reply-queue.ts';
import { Watchdog } from './consuming/watchdog.ts';
import { compileOptions, type CompiledRabbitOptions, type RabbitBrokerOptions } from './options.ts';
import { RabbitRefusedError } from './refused-error.ts';
import { ManagementApi } from './management/management-api.ts';
import { ConfirmPublisher } from './publishing/confirm-publisher.ts';
import { ReplySender } from './publishing/reply-sender.ts';
import { isLevelQueue, levelQueue } from './topology/level-queues.ts';
import { RabbitQueues } from './topology/rabbit-queues.ts';
import { Topology } from './topology/topology.ts';

/** Those that every server has. */
const EXCHANGE_TYPES: ReadonlySet<string> = new Set(['direct', 'topic', 'fanout', 'headers']);
/** Everything of a stop that waits for the server, together, ms. */
const STOP_PATIENCE_MS = 2000;

/**
 * The `Broker` port on RabbitMQ 3.10 to 4.x. Two connections: a server short of memory or disk stops reading from those that
 * publish, and the acks of the workers, which are what helps it, must still arrive.
 */
export class RabbitBroker implements Broker {
  readonly kind = 'rabbitmq';
  readonly displayUrl: string;
  readonly deadLetterQueue: string;

  private readonly options: CompiledRabbitOptions;
  private readonly publishing: Link;
  private readonly consuming: Link;
  private readonly topology: Topology;
  private readonly publisher: ConfirmPublisher;
  private readonly queues: RabbitQueues;
  private readonly replySender: ReplySender;
  private readonly subscriptions = new Set<QueueSubscription>();
  private readonly watchdog: Watchdog;
  private inbox: ReplyQueue | undefined;
  private readonly changed = new Signal<BrokerState>();
  private current: BrokerState = 'down';
  private isBlocked = false;
  private stopped = false;
  private readonly lifecycle = new Lifecycle(
    () => this.onStart(),
    () => this.onStop(),
  );

  constructor(options: RabbitBrokerOptions) {
    this.options = compileOptions(options);
    const { url, connectTimeoutMs, heartbeatSeconds, connectionName, maxBodyBytes, log, clock } = this.options;
    this.displayUrl = maskUrl(url);
    this.deadLetterQueue = this.options.deadLetterQueue;
    const link = { url, connectTimeoutMs, heartbeatSeconds, log, clock };
    this.publishing = new Link({
      ...link,
      name: `${connectionName} publish`,
      prepare: (connection) => this.preparePublishing(connection),
    });
    this.consuming = new Link({ ...link, name: `${connectionName} consume` });
    const { queueKind, deadLetterQueue, celeryQueues, delayQueues } = this.options;
    this.topology = new Topology(queueKind, deadLetterQueue, log, new Set(celeryQueues), delayQueues);
    this.watchdog = new Watchdog({ connection: () => this.consuming.connection, clock, log });
    this.publisher = new ConfirmPublisher({ link: this.publishing, maxBodyBytes, log, clock });
    const { managementUrl, vhost } = this.options;
    this.queues = new RabbitQueues({
      topology: this.topology,
      management:
        managementUrl === undefined ? undefined : new ManagementApi({ url: managementUrl, vhost, log, clock }),
      onConnection: (what, use) => this.onConnection(what, use),
    });
    this.replySender = new ReplySender({ link: this.publishing, log, clock });
    this.publisher.keep();
    this.replySender.keep();
    this.publishing.blocked.on((reason) => this.setBlocked(reason));
    this.publishing.unblocked.on(() => this.setBlocked(undefined));
    for (const { up, down } of [this.publishing, this.consuming]) {
      up.on(() => this.updateState());
      down.on(() => this.updateState());
    }
  }

  get state(): BrokerState {
    return this.current;
  }

  onStateChange(listener: (state: BrokerState) => void): () => void {
    return this.changed.on(listener);
  }

  start(): Promise<void> {
    return this.lifecycle.start();
  }

  /** Requeues what is unacked, waits at most 2 s for confirms and for the server's goodbye. */
  stop(): Promise<void> {
    this.stopped = true;
    this.publishing.giveUp();
    this.consuming.giveUp();
    return this.lifecycle.stop();
  }

  async declare(queue: string, options?: DeclareOptions): Promise<void> {
    const type = options?.binding?.type ?? 'direct';
    if (!EXCHANGE_TYPES.has(type)) throw new RangeError(`no exchange is of the type ${JSON.stringify(type)}`);
    await this.onConnection(`declare ${JSON.stringify(queue)}`, (connection) =>
      this.topology.declare(connection, queue, options),
    );
  }

  publish(message: OutgoingMessage): Promise<void> {
    // Also in the moment when one of the connections is known to be gone and the other not yet.
    if (this.current === 'down') {
      return Promise.reject(new BrokerUnavailableError('there is no connection to RabbitMQ: nothing was sent'));
    }
    // There may be such a queue: not for anybody else to use.
    if (isLevelQueue(message.queue)) return Promise.reject(new UnroutableError(message.queue));
    const level = levelOf(message.priority);
    if (level !== 'normal') return this.publishTo(level, message);
    return this.publisher.publish(message.queue, message.body, message);
  }

  /** Where the queue has no levels, its arguments decide what the priority means there. */
  private async publishTo(level: PriorityLevel, message: OutgoingMessage): Promise<void> {
    const { queue, body } = message;
    const levels =
      this.topology.hasKnownLevels(queue) ||
      (await this.onConnection(`ask for ${JSON.stringify(queue)}`, (connection) =>
        this.topology.hasLevels(connection, queue),
      ));
    if (levels) {
      try {
        return await this.publisher.publish(levelQueue(queue, level), body, message);
      } catch (error) {
        if (!hasCode(error, 'unroutable')) throw error;
        // Somebody has deleted it, alone or with its queue, which tells by itself.
        this.topology.missLevels(queue);
      }
    }
    return this.publisher.publish(queue, body, message);
  }

  /** @throws RangeError when AMQP cannot state such a prefetch. */
  async consume(queue: string, options: ConsumeOptions): Promise<Consumption> {
    const { prefetch } = options;
    if (!Number.isInteger(prefetch) || prefetch < 1 || prefetch > 65_535) {
      throw new RangeError(`a prefetch is a whole number from 1 to 65535, not ${prefetch}`);
    }
    const { log, clock } = this.options;
    const subscription: QueueSubscription = new QueueSubscription({
      queue,
      consume: options,
      link: this.consuming,
      topology: this.topology,
      watchdog: this.watchdog,
      log,
      clock,
      keepRefused: keepInDeadLetters({
        publisher: this.publisher,
        topology: this.topology,
        deadLetterQueue: this.deadLetterQueue,
        link: this.consuming,
        clock,
      }),
      onClosed: () => this.subscriptions.delete(subscription),
    });
    this.subscriptions.add(subscription);
    try {
      await this.onConnection(`serve ${JSON.stringify(queue)}`, (connection) => subscription.start(connection));
    } catch (error) {
      await subscription.close();
      throw error;
    }
    return subscription;
  }

  /** @throws Error when this broker has one open already. */
  async openReplies(onReply: (reply: Reply) => void): Promise<ReplyInbox> {
    if (this.inbox) throw new Error('this broker has a reply inbox already: a process has one');
    const { log, clock } = this.options;
    const inbox = new ReplyQueue({
      link: this.consuming,
      log,
      clock,
      onReply,
      onClosed: () => (this.inbox = undefined),
    });
    this.inbox = inbox;
    try {
      await this.onConnection('open a reply queue', (connection) => inbox.start(connection));
    } catch (error) {
      await inbox.close();
      throw error;
    }
    return inbox;
  }

  reply(address: string, reply: Reply): void {
    this.replySender.send(address, reply);
  }

  async openCelery(options: CeleryLinkOptions): Promise<CeleryLink> {
    const { publishing, consuming } = this;
    const { log, clock } = this.options;
    const link = new RabbitCeleryLink({ ...options, publishing, consuming, log, clock });
    await link.start();
    return link;
  }

  async openCeleryConsole(options: CeleryConsoleOptions): Promise<CeleryConsole> {
    const { log, clock } = this.options;
    const console = new RabbitCeleryConsole({ ...options, link: this.consuming, log, clock });
    try {
      await this.onConnection("reach Celery's remote control", (connection) => console.start(connection));
    } catch (error) {
      await console.close();
      throw error;
    }
    return console;
  }

  async listenToCelery(options: CeleryEventsOptions): Promise<CeleryEventsListener> {
    const { log, clock } = this.options;
    const listener = new RabbitCeleryEvents({ ...options, link: this.consuming, log, clock });
    await listener.start(this.consuming.connection).catch((err: unknown) => {
      log.warn({ err }, "RabbitMQ does not let this process hear Celery's events yet; trying again");
    });
    return listener;
  }

  depth(queue: string): Promise<QueueDepth> {
    return this.queues.depth(queue);
  }

  unacked(queues: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.queues.unacked(queues);
  }

  purge(queue: string): Promise<number> {
    return this.queues.purge(queue);
  }

  deleteQueue(queue: string): Promise<void> {
    return this.queues.delete(queue);
  }

  private async onStart(): Promise<void> {
    try {
      await Promise.all([this.publishing.start(), this.consuming.start()]);
    } catch (error) {
      this.stopped = true;
      await Promise.all([this.publishing.stop(0), this.consuming.stop(0)]);
      this.updateState();
      throw error;
    }
  }

  private async onStop(): Promise<void> {
    const { clock } = this.options;
    const end = clock.monotonic() + STOP_PATIENCE_MS;
    const bounded = async (work: Promise<unknown>): Promise<void> => {
      const patience = deferred();
      const cancelTimer = clock.after(Math.max(0, end - clock.monotonic()), patience.resolve);
      await Promise.race([work, patience.promise]);
      cancelTimer();
    };
    await bounded(
      Promise.all([
        ...[...this.subscriptions].map((subscription) => subscription.close()),
        this.inbox?.close(),
        this.publisher.idle(),
      ]),
    );
    await bounded(Promise.all([this.publisher.close(), this.replySender.close()]));
    const left = Math.max(100, end - this.options.clock.monotonic());
    await Promise.all([this.publishing.stop(left), this.consuming.stop(left)]);
    this.updateState();
  }

  /** Queues first, so that nothing published in the first moment finds its queue missing. */
  private async preparePublishing(connection: ChannelModel): Promise<void> {
    await this.topology.replay(connection);
    await Promise.all([this.publisher.open(connection), this.replySender.open(connection)]);
  }

  private setBlocked(reason: string | undefined): void {
    this.isBlocked = reason !== undefined;
    this.replySender.setBlocked(this.isBlocked);
    if (reason === undefined) this.publisher.unblock();
    else this.publisher.block(reason);
    this.updateState();
  }

  private updateState(): void {
    const connected = this.publishing.connection !== undefined && this.consuming.connection !== undefined;
    const state: BrokerState = !connected ? 'down' : this.isBlocked ? 'blocked' : 'up';
    if (state === this.current) return;
    this.current = state;
    const { log } = this.options;
    if (state === 'blocked') log.warn({}, 'RabbitMQ takes no messages: it is short of memory or disk');
    else log.info({ state, url: this.displayUrl }, `RabbitMQ is ${state}`);
    this.changed.emit(state);
  }

  /** Runs on the consuming connection, which a server under an alarm still serves. */
  private async onConnection<T>(what: string, use: (connection: ChannelModel) => Promise<T>): Promise<T> {
    const { connection } = this.consuming;
    if (!connection || this.stopped) throw new BrokerUnavailableError('there is no connection to RabbitMQ');
    try {
      return await use(connection);
    } catch (error) {
      if (error instanceof LovageError) throw error;
      if (replyCode(error) !== undefined) throw new RabbitRefusedError(what, { cause: error });
      throw new BrokerUnavailableError('the connection to RabbitMQ broke before it answered', { cause: error });
    }
  }
}
