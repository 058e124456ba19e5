import {
  bandOf,
  BrokerUnavailableError,
  PRIORITY_BANDS,
  UnroutableError,
  type Broker,
  type BrokerState,
  type ConsumeOptions,
  type Consumption,
  type Delivery,
  type OutgoingMessage,
  type PriorityBand,
  type QueueDepth,
  type Reply,
  type ReplyInbox,
} from '@lovage/ports';

interface Waiting {
  readonly message: OutgoingMessage;
  redelivered: boolean;
}

/**
 * A broker in this process's memory, for tests of what uses one: the promises of the port, nothing durable. Tests may
 * take the line away and give it back ({@link cut}, {@link heal}).
 */
export class MemoryBroker implements Broker {
  readonly kind = 'memory';
  readonly displayUrl = 'memory:';
  readonly deadLetterQueue = 'lovage.dead';
  /** What was refused without requeue, by queue. */
  readonly dead: OutgoingMessage[] = [];
  private readonly queues = new Map<string, MemoryQueue>();
  private readonly inboxes = new Map<string, (reply: Reply) => void>();
  private readonly listeners = new Set<(state: BrokerState) => void>();
  private current: BrokerState = 'down';

  get state(): BrokerState {
    return this.current;
  }

  onStateChange(listener: (state: BrokerState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async start(): Promise<void> {
    this.become('up');
  }

  async stop(): Promise<void> {
    this.become('down');
  }

  /** As when the connection breaks: what is unacked goes back to its queue, and acks of it do nothing. */
  cut(): void {
    this.become('down');
    for (const queue of this.queues.values()) queue.takeBack();
  }

  heal(): void {
    this.become('up');
    for (const queue of this.queues.values()) queue.deliver();
  }

  /** The connection breaks and is back at once: everything unacked is delivered again. */
  redeliver(): void {
    this.cut();
    this.heal();
  }

  async declare(queue: string): Promise<void> {
    if (!this.queues.has(queue)) this.queues.set(queue, new MemoryQueue(queue, this));
  }

  async publish(message: OutgoingMessage): Promise<void> {
    if (this.current !== 'up') throw new BrokerUnavailableError('the memory broker was cut');
    const queue = this.queues.get(message.queue);
    if (!queue) throw new UnroutableError(message.queue);
    queue.waiting.push({ message, redelivered: false });
    queue.deliver();
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Consumption> {
    return this.queueOf(queue).consume(options);
  }

  async openReplies(onReply: (reply: Reply) => void): Promise<ReplyInbox> {
    const address = `inbox-${this.inboxes.size + 1}`;
    this.inboxes.set(address, onReply);
    return { address, close: async () => void this.inboxes.delete(address) };
  }

  reply(address: string, reply: Reply): void {
    if (this.current === 'up') setImmediate(() => this.inboxes.get(address)?.(reply));
  }

  async depth(queue: string): Promise<QueueDepth> {
    const { waiting, consumers } = this.queueOf(queue);
    return { ready: waiting.length, consumers: consumers.size };
  }

  async purge(queue: string): Promise<number> {
    return this.queueOf(queue).waiting.splice(0).length;
  }

  async deleteQueue(queue: string): Promise<void> {
    this.queues.delete(queue);
  }

  /** Keeps a refused message, also in the queue of the dead letters once that was declared. For the queues of this broker. */
  giveUp(queue: string, message: OutgoingMessage): void {
    if (queue === this.deadLetterQueue) return;
    this.dead.push(message);
    const letters = this.queues.get(this.deadLetterQueue);
    if (!letters) return;
    const headers = { ...message.headers, 'x-first-death-queue': queue, 'x-first-death-reason': 'rejected' };
    letters.waiting.push({ message: { ...message, headers }, redelivered: false });
    letters.deliver();
  }

  private queueOf(name: string): MemoryQueue {
    const queue = this.queues.get(name);
    if (!queue) throw new UnroutableError(name);
    return queue;
  }

  private become(state: BrokerState): void {
    if (this.current === state) return;
    this.current = state;
    for (const listener of this.listeners) listener(state);
  }
}

const bandOfWaiting = ({ message }: Waiting): PriorityBand => bandOf(message.priority);

interface Consumer {
  readonly options: ConsumeOptions;
  readonly unacked: Set<Waiting>;
  cancelled: boolean;
}

class MemoryQueue {
  readonly waiting: Waiting[] = [];
  readonly consumers = new Set<Consumer>();

  constructor(
    private readonly name: string,
    private readonly broker: MemoryBroker,
  ) {}

  consume(options: ConsumeOptions): Consumption {
    const consumer: Consumer = { options, unacked: new Set(), cancelled: false };
    this.consumers.add(consumer);
    this.deliver();
    const { broker } = this;
    const since = Date.now();
    return {
      get health() {
        return {
          state: consumer.cancelled ? 'paused' : broker.state === 'up' ? 'consuming' : 'stalled',
          since,
        } as const;
      },
      cancel: async () => void (consumer.cancelled = true),
      close: async () => {
        consumer.cancelled = true;
        this.requeue(consumer);
        this.consumers.delete(consumer);
        this.deliver();
      },
    };
  }

  /** Hands out what waits, a turn later, to consumers with room in turn. */
  deliver(): void {
    setImmediate(() => {
      for (const band of PRIORITY_BANDS) this.deliverBand(band);
    });
  }

  private deliverBand(band: PriorityBand): void {
    while (this.broker.state === 'up') {
      const next = this.waiting.findIndex((one) => bandOfWaiting(one) === band);
      const consumer = next < 0 ? undefined : this.nextWithRoom(band);
      if (!consumer) return;
      const [one] = this.waiting.splice(next, 1);
      consumer.unacked.add(one!);
      consumer.options.onDelivery(this.toDelivery(consumer, one!));
    }
  }

  takeBack(): void {
    for (const consumer of this.consumers) this.requeue(consumer);
  }

  private nextWithRoom(band: PriorityBand): Consumer | undefined {
    for (const consumer of this.consumers) {
      const held = [...consumer.unacked].filter((one) => bandOfWaiting(one) === band).length;
      if (consumer.cancelled || held >= consumer.options.prefetch) continue;
      // To the end of the line.
      this.consumers.delete(consumer);
      this.consumers.add(consumer);
      return consumer;
    }
    return undefined;
  }

  private requeue(consumer: Consumer): void {
    const back = [...consumer.unacked].map(({ message }) => ({ message, redelivered: true }));
    consumer.unacked.clear();
    this.waiting.unshift(...back);
  }

  private toDelivery(consumer: Consumer, one: Waiting): Delivery {
    const { message } = one;
    const settle = (then: () => void) => {
      if (!consumer.unacked.delete(one)) return;
      then();
      this.deliver();
    };
    return {
      queue: this.name,
      body: message.body,
      contentType: message.contentType,
      contentEncoding: message.contentEncoding,
      headers: message.headers,
      correlationId: message.correlationId,
      replyTo: message.replyTo,
      priority: message.priority,
      band: bandOf(message.priority),
      redelivered: one.redelivered,
      ack: () => settle(() => undefined),
      nack: ({ requeue }) =>
        settle(() => {
          if (requeue) this.waiting.unshift({ message, redelivered: true });
          else this.broker.giveUp(this.name, message);
        }),
    };
  }
}
