import { deferred, Signal, type Deferred } from '@lovage/foundation';
import {
  BrokerUnavailableError,
  ConfirmLostError,
  InvalidQueueNameError,
  isQueueName,
  systemClock,
  UnroutableError,
  type Broker,
  type BrokerState,
  type Clock,
  type ConsumeOptions,
  type Consumption,
  type OutgoingMessage,
  type QueueDepth,
  type Reply,
  type ReplyInbox,
} from '@lovage/ports';
import { MemoryConsumption } from './memory-consumption.ts';
import { MemoryLine, type MemoryConnection } from './memory-line.ts';
import { DEAD_LETTERS, MemoryServer } from './memory-server.ts';

export interface MemoryBrokerOptions {
  /** Shared with other brokers. Default: one of its own. */
  readonly server?: MemoryServer;
  /** The way to it. Default: one of its own. */
  readonly line?: MemoryLine;
  /** How long `start` tries, ms. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** These queues are not there; any other is made when it is first named. Default: queues are there once declared. */
  readonly missingQueues?: readonly string[];
  /** `false`: no inbox can be opened, so that a caller reads rows. Default true. */
  readonly replies?: boolean;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * A broker in this process's memory, for tests of what uses one. It passes the conformance suite; only a kill of the process ends what it
 * holds. Healthy, it answers within the call. Tests may break its line ({@link cut}, {@link heal}), block it, and hold or lose confirms.
 */
export class MemoryBroker implements Broker {
  readonly kind = 'memory';
  readonly displayUrl = 'memory://here';
  readonly deadLetterQueue = DEAD_LETTERS;
  /** Every message whose publish was asked for. */
  readonly sent: OutgoingMessage[] = [];
  /** Tells of each, before anything comes of it. */
  readonly publishing = new Signal<OutgoingMessage>();
  readonly server: MemoryServer;
  private readonly line: MemoryLine;
  private readonly clock: Clock;
  private readonly changed = new Signal<BrokerState>();
  private readonly declared = new Set<string>();
  private readonly consumptions = new Set<MemoryConsumption>();
  private readonly inFlight = new Set<(error: Error) => void>();
  private connection: MemoryConnection | undefined;
  /** The connection, once the server has answered on it. */
  private up: MemoryConnection | undefined;
  private inbox: { readonly address: string; readonly onReply: (reply: Reply) => void } | undefined;
  private cancelRetry = (): void => undefined;
  private starting: Deferred<void> | undefined;
  private stopped = false;
  private blockedFor: string | undefined;
  private current: BrokerState = 'down';
  private held: Deferred<void> | undefined;
  private fault: 'none' | 'kept' | 'gone' = 'none';

  constructor(private readonly options: MemoryBrokerOptions = {}) {
    this.server = options.server ?? new MemoryServer();
    this.line = options.line ?? new MemoryLine();
    this.clock = options.clock ?? systemClock;
  }

  get state(): BrokerState {
    return this.current;
  }

  /** What was refused without requeue, with the queue that it was sent to. */
  get dead(): OutgoingMessage[] {
    return this.server.dead;
  }

  onStateChange(listener: (state: BrokerState) => void): () => void {
    return this.changed.on(listener);
  }

  start(): Promise<void> {
    if (this.stopped) return Promise.reject(new BrokerUnavailableError('the memory broker was stopped'));
    if (!this.starting) {
      const starting = (this.starting = deferred());
      starting.promise.catch(() => undefined);
      const cancelTimer = this.clock.after(this.options.connectTimeoutMs ?? 10_000, () => {
        this.giveUp();
        starting.reject(new BrokerUnavailableError('no memory server answered'));
      });
      void starting.promise.then(cancelTimer, cancelTimer);
      this.connect();
    }
    return this.starting.promise;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.starting?.reject(new BrokerUnavailableError('the memory broker was stopped'));
    for (const consumption of [...this.consumptions]) await consumption.close();
    this.giveUp();
  }

  /** Breaks the line, until {@link heal}: what is unacked goes back to its queue, and acks of it do nothing. */
  cut(): void {
    this.line.refuse();
  }

  heal(): void {
    this.line.heal();
  }

  /** The connection breaks and is back at once: everything unacked is delivered again. */
  redeliver(): void {
    this.cut();
    this.heal();
  }

  /** The server takes no publishes, as RabbitMQ under an alarm. What is in flight counts as lost. */
  block(reason = 'for the test'): void {
    this.blockedFor = reason;
    this.update();
    this.loseInFlight(`the server took no more messages (${reason})`);
  }

  unblock(): void {
    this.blockedFor = undefined;
    this.update();
  }

  /** Brings it into this state by whatever leads there. */
  become(state: BrokerState): void {
    if (state === 'down') return this.cut();
    this.heal();
    if (state === 'blocked') this.block();
    else this.unblock();
  }

  /** From now on no publish reaches the server, until the returned function is called. */
  holdConfirms(): () => void {
    const held = (this.held = deferred());
    return () => {
      held.resolve();
      if (this.held === held) this.held = undefined;
    };
  }

  /** From now on every confirm is lost: the server has the message (`kept`) or has not (`gone`). */
  loseConfirms(message: 'kept' | 'gone'): void {
    this.fault = message;
  }

  async declare(queue: string): Promise<void> {
    if (!isQueueName(queue)) throw new InvalidQueueNameError(queue);
    await this.ask(() => this.server.declare(queue));
    this.declared.add(queue);
  }

  async publish(message: OutgoingMessage): Promise<void> {
    this.sent.push(message);
    this.publishing.emit(message);
    if (this.held) await this.held.promise;
    if (this.current === 'blocked')
      throw new BrokerUnavailableError(`the memory broker takes no messages (${this.blockedFor}): nothing was sent`);
    if (this.fault !== 'gone') await this.ask(() => this.queue(message.queue).add(message), true);
    if (this.fault !== 'none') throw new ConfirmLostError('the connection broke before the confirm');
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Consumption> {
    const { prefetch } = options;
    if (!Number.isInteger(prefetch) || prefetch < 1)
      throw new RangeError(`a prefetch is a whole number from 1, not ${prefetch}`);
    await this.ask(() => this.queue(queue));
    const consumption: MemoryConsumption = new MemoryConsumption({
      ...{ queue, options, server: this.server, clock: this.clock },
      onClosed: () => this.consumptions.delete(consumption),
    });
    this.consumptions.add(consumption);
    if (this.connection) consumption.attach(this.connection);
    return consumption;
  }

  async openReplies(onReply: (reply: Reply) => void): Promise<ReplyInbox> {
    if (this.options.replies === false) throw new BrokerUnavailableError('no replies here');
    if (this.inbox) throw new Error('this broker has a reply inbox already: a process has one');
    const inbox = { address: this.server.newInbox(), onReply };
    await this.ask(() => this.server.listen(inbox.address, this.connection!, onReply));
    this.inbox = inbox;
    return {
      address: inbox.address,
      close: async () => {
        if (this.inbox === inbox) this.inbox = undefined;
        this.connection?.request(() => this.server.closeInbox(inbox.address));
      },
    };
  }

  reply(address: string, reply: Reply): void {
    this.connection?.request(() => this.server.reply(address, reply));
  }

  depth(queue: string): Promise<QueueDepth> {
    return this.ask(() => this.queue(queue).depth());
  }

  unacked(queues: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const there = (): string[] => queues.filter((queue) => this.server.has(queue));
    return this.ask(() => new Map(there().map((queue) => [queue, this.queue(queue).unacked])));
  }

  purge(queue: string): Promise<number> {
    return this.ask(() => this.queue(queue).purge());
  }

  async deleteQueue(queue: string): Promise<void> {
    this.declared.delete(queue);
    await this.ask(() => this.server.delete(queue));
  }

  private queue(name: string): ReturnType<MemoryServer['queue']> {
    const { missingQueues } = this.options;
    if (!isQueueName(name) || missingQueues?.includes(name)) throw new UnroutableError(name);
    if (missingQueues) this.server.declare(name);
    return this.server.queue(name);
  }

  /** Lets the server do something and waits for its answer. @param publishes it is not known what came of it when that is lost. */
  private ask<T>(run: () => T, publishes = false): Promise<T> {
    const { connection } = this;
    if (!connection || this.current === 'down')
      return Promise.reject(new BrokerUnavailableError('there is no connection to the memory server'));
    return new Promise((resolve, reject) => {
      const lost = (error: Error): void => reject(publishes ? error : new BrokerUnavailableError(error.message));
      this.inFlight.add(lost);
      connection.request(() => {
        let settle: () => void;
        try {
          const value = run();
          settle = () => resolve(value);
        } catch (error) {
          settle = () => reject(error as Error);
        }
        connection.answer(() => {
          this.inFlight.delete(lost);
          settle();
        });
      });
    });
  }

  /** Tries now; when nobody listens, again once somebody does. */
  private connect(): void {
    this.cancelRetry();
    if (this.stopped || this.connection) return;
    const connection = this.line.connect(() => this.lost(connection!));
    if (!connection) {
      this.cancelRetry = this.line.onHealed(() => this.connect());
      return;
    }
    this.connection = connection;
    // Nothing is known of the server before it has answered.
    connection.request(() => connection.answer(() => this.connected(connection)));
  }

  private connected(connection: MemoryConnection): void {
    for (const queue of this.declared) connection.request(() => this.server.declare(queue));
    const { inbox } = this;
    if (inbox) connection.request(() => this.server.listen(inbox.address, connection, inbox.onReply));
    for (const consumption of this.consumptions) consumption.attach(connection);
    this.update(connection);
    this.starting?.resolve();
  }

  private lost(connection: MemoryConnection): void {
    if (this.connection !== connection) return;
    this.disconnected();
    if (this.line.refuses) return this.connect();
    // A pass of the event loop later, so that everybody has heard of the loss before it is over.
    const retry = setImmediate(() => this.connect());
    this.cancelRetry = () => clearImmediate(retry);
  }

  private disconnected(): void {
    this.connection = undefined;
    for (const consumption of this.consumptions) consumption.detach();
    this.update();
    this.loseInFlight('the connection broke before the answer');
  }

  private giveUp(): void {
    this.stopped = true;
    this.cancelRetry();
    this.connection?.close();
    this.disconnected();
  }

  private loseInFlight(reason: string): void {
    const error = new ConfirmLostError(`${reason}: the message may or may not be there`);
    for (const lost of [...this.inFlight]) lost(error);
    this.inFlight.clear();
  }

  private update(connected = this.up): void {
    this.up = connected === this.connection ? connected : undefined;
    const state: BrokerState = !this.up ? 'down' : this.blockedFor !== undefined ? 'blocked' : 'up';
    if (state === this.current) return;
    this.current = state;
    this.changed.emit(state);
  }
}
