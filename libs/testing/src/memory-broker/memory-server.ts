import {
  levelOf,
  PRIORITY_LEVELS,
  UnroutableError,
  type Delivery,
  type MessageDeath,
  type OutgoingMessage,
  type PriorityLevel,
  type QueueDepth,
  type Reply,
} from '@lovage/ports';
import type { MemoryConnection } from './memory-line.ts';

export const DEAD_LETTERS = 'lovage.dead';

/** A message in a queue, or with a consumer. */
interface Kept {
  readonly message: OutgoingMessage;
  readonly level: PriorityLevel;
  readonly death: MessageDeath | undefined;
  readonly redelivered: boolean;
}

/** What a client's consumption is at the server. */
export interface MemoryConsumer {
  readonly connection: MemoryConnection;
  readonly prefetch: number;
  onDelivery(delivery: Delivery): void;
  /** The queue was deleted. */
  onCancelled(): void;
}

/** The queues and inboxes that memory brokers share: what a server is to them. Nothing is durable beyond the process. */
export class MemoryServer {
  /** What was refused without requeue, with the queue that it was sent to. */
  readonly dead: OutgoingMessage[] = [];
  private readonly queues = new Map<string, MemoryQueue>([[DEAD_LETTERS, new MemoryQueue(DEAD_LETTERS, this)]]);
  private readonly inboxes = new Map<string, { connection: MemoryConnection; onReply(reply: Reply): void }>();
  private lastInbox = 0;

  declare(queue: string): void {
    if (!this.queues.has(queue)) this.queues.set(queue, new MemoryQueue(queue, this));
  }

  /** @throws UnroutableError */
  queue(name: string): MemoryQueue {
    const queue = this.queues.get(name);
    if (!queue) throw new UnroutableError(name);
    return queue;
  }

  has(queue: string): boolean {
    return this.queues.has(queue);
  }

  delete(name: string): void {
    const queue = this.queues.get(name);
    this.queues.delete(name);
    queue?.cancelAll();
  }

  /** Keeps a refused message, but for one of the dead letters themselves: that is dropped. */
  bury(queue: string, { message, level }: Kept): void {
    if (queue === DEAD_LETTERS) return;
    this.dead.push(message);
    const death = { queue, reason: 'rejected', at: Date.now(), count: 1 };
    this.queues.get(DEAD_LETTERS)?.put({ message, level, death, redelivered: false });
  }

  newInbox(): string {
    return `inbox-${++this.lastInbox}`;
  }

  listen(address: string, connection: MemoryConnection, onReply: (reply: Reply) => void): void {
    this.inboxes.set(address, { connection, onReply });
    connection.onClose(() => {
      if (this.inboxes.get(address)?.connection === connection) this.inboxes.delete(address);
    });
  }

  closeInbox(address: string): void {
    this.inboxes.delete(address);
  }

  reply(address: string, reply: Reply): void {
    setImmediate(() => {
      const inbox = this.inboxes.get(address);
      inbox?.connection.answer(() => inbox.onReply(reply));
    });
  }
}

interface Served {
  readonly consumer: MemoryConsumer;
  readonly unacked: Set<Kept>;
  cancelled: boolean;
}

/** A queue with three levels. Messages are handed out a pass of the event loop later, to consumers with room in rotation. */
class MemoryQueue {
  private readonly waiting: Record<PriorityLevel, Kept[]> = { high: [], normal: [], low: [] };
  private readonly served = new Set<Served>();
  private scheduled = false;

  constructor(
    private readonly name: string,
    private readonly server: MemoryServer,
  ) {}

  depth(): QueueDepth {
    const { high, normal, low } = this.waiting;
    return {
      ready: high.length + normal.length + low.length,
      consumers: [...this.served].filter(({ cancelled }) => !cancelled).length,
      ...(high.length + low.length > 0 && { levels: { high: high.length, low: low.length } }),
    };
  }

  get unacked(): number {
    return [...this.served].reduce((sum, { unacked }) => sum + unacked.size, 0);
  }

  add(message: OutgoingMessage): void {
    this.put({ message, level: levelOf(message.priority), death: undefined, redelivered: false });
  }

  put(kept: Kept): void {
    this.waiting[kept.level].push(kept);
    this.deliver();
  }

  purge(): number {
    return PRIORITY_LEVELS.reduce((sum, level) => sum + this.waiting[level].splice(0).length, 0);
  }

  /** @returns how to stop deliveries, and how to end it all: what is unacked waits again. */
  serve(consumer: MemoryConsumer): { cancel(): void; close(): void } {
    const served: Served = { consumer, unacked: new Set(), cancelled: false };
    this.served.add(served);
    const close = (): void => {
      served.cancelled = true;
      if (!this.served.delete(served)) return;
      this.requeue([...served.unacked]);
      served.unacked.clear();
    };
    consumer.connection.onClose(close);
    this.deliver();
    return { close, cancel: () => void (served.cancelled = true) };
  }

  cancelAll(): void {
    for (const served of this.served) {
      served.cancelled = true;
      served.unacked.clear();
      served.consumer.connection.answer(() => served.consumer.onCancelled());
    }
    this.served.clear();
  }

  private requeue(kept: readonly Kept[]): void {
    for (const one of [...kept].reverse()) this.waiting[one.level].unshift({ ...one, redelivered: true });
    this.deliver();
  }

  private deliver(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      for (const level of PRIORITY_LEVELS) {
        let next: Served | undefined;
        while (this.waiting[level].length > 0 && (next = this.withRoom(level))) this.hand(next, level);
      }
    });
  }

  private withRoom(level: PriorityLevel): Served | undefined {
    for (const served of this.served) {
      let held = 0;
      for (const one of served.unacked) if (one.level === level) held += 1;
      if (served.cancelled || held >= served.consumer.prefetch) continue;
      // To the end of the rotation.
      this.served.delete(served);
      this.served.add(served);
      return served;
    }
    return undefined;
  }

  private hand(served: Served, level: PriorityLevel): void {
    const kept = this.waiting[level].shift()!;
    served.unacked.add(kept);
    const { consumer } = served;
    consumer.connection.answer(() => consumer.onDelivery(this.deliveryOf(served, kept)));
  }

  private deliveryOf(served: Served, kept: Kept): Delivery {
    const { message, level, death, redelivered } = kept;
    let settled = false;
    const settle = (how: 'ack' | 'requeue' | 'refuse'): void => {
      if (settled) return;
      settled = true;
      served.consumer.connection.request(() => {
        if (!served.unacked.delete(kept)) return;
        if (how === 'requeue') return this.requeue([kept]);
        if (how === 'refuse') this.server.bury(this.name, kept);
        this.deliver();
      });
    };
    return {
      ...{ queue: this.name, body: message.body, headers: message.headers, level, death, redelivered },
      ...{ contentType: message.contentType, contentEncoding: message.contentEncoding },
      ...{ correlationId: message.correlationId, replyTo: message.replyTo, priority: message.priority },
      ack: () => settle('ack'),
      nack: ({ requeue }) => settle(requeue ? 'requeue' : 'refuse'),
    };
  }
}
