import {
  isQueueName,
  UnroutableError,
  type Clock,
  type Consumption,
  type ConsumeOptions,
  type Log,
} from '@lovage/ports';
import { queueChannel } from '../queues/queue-name.ts';
import { declareQueues } from '../queues/queues.ts';
import type { Channels } from '../sessions/channels.ts';
import type { BrokerSession } from '../sessions/broker-session.ts';
import { BEGIN_CONSUMPTION, END_CONSUMPTION } from './consume-sql.ts';
import { Subscription } from './subscription.ts';

export interface ConsumerOptions {
  readonly channels: Channels;
  readonly deadLetterQueue: string;
  readonly deadLetterLimit: number;
  readonly clock: Clock;
  readonly log: Log;
  /** So many messages are gone for good. */
  readonly onRemoved: (count: number) => void;
}

/** All consumptions of this process. */
export class Consumer {
  private readonly subscriptions = new Map<number, Subscription>();
  /** Those that still take; the others only hold. */
  private readonly taking = new Set<number>();
  private entered: number[] = [];
  private lastNo = 0;

  constructor(private readonly options: ConsumerOptions) {}

  /** @throws UnroutableError; errors of the connection pass through: there is no subscription then. */
  async consume(session: BrokerSession, queue: string, options: ConsumeOptions): Promise<Consumption> {
    if (!Number.isSafeInteger(options.prefetch) || options.prefetch < 1)
      throw new RangeError(`prefetch must be a whole number of 1 or more, not ${options.prefetch}`);
    if (!isQueueName(queue)) throw new UnroutableError(queue);
    const no = (this.lastNo += 1);
    const { channels, deadLetterQueue, deadLetterLimit, clock, log, onRemoved } = this.options;
    const entry = {
      no,
      queue,
      channel: queueChannel(queue),
      onPayload: (payload: string) => this.subscriptions.get(no)?.wake(payload),
    };
    const subscription = new Subscription({
      ...options,
      queue,
      deadLetterQueue,
      deadLetterLimit,
      clock,
      log,
      onRemoved,
      onCancelled: (current) => this.leave(current, entry),
      onClosed: () => this.subscriptions.delete(no),
    });
    try {
      const [begun] = await Promise.all([
        session.run(BEGIN_CONSUMPTION, [session.id, no, queue]),
        channels.add(session, entry.channel, entry.onPayload),
      ]);
      if (begun[0]?.[0] !== true) throw new UnroutableError(queue);
    } catch (error) {
      await this.leave(session, entry);
      throw error;
    }
    this.subscriptions.set(no, subscription);
    this.taking.add(no);
    subscription.attach(session);
    return subscription;
  }

  /** Enters the consumptions that last into the books of a new session. */
  async moveTo(session: BrokerSession): Promise<void> {
    this.entered = [...this.taking];
    await Promise.all(
      this.entered.map((no) => session.run(BEGIN_CONSUMPTION, [session.id, no, this.subscriptions.get(no)!.queue])),
    );
  }

  attach(session: BrokerSession): void {
    for (const subscription of this.subscriptions.values()) subscription.attach(session);
    // Cancelled since they were entered.
    for (const no of this.entered.splice(0))
      if (!this.taking.has(no)) session.run(END_CONSUMPTION, [session.id, no]).catch(() => undefined);
  }

  detach(): void {
    for (const subscription of this.subscriptions.values()) subscription.detach();
  }

  /** What is consumed is there, also when somebody deleted it meanwhile. */
  async redeclare(session: BrokerSession): Promise<void> {
    const queues = new Set([...this.taking].map((no) => this.subscriptions.get(no)!.queue));
    if (queues.size > 0) await declareQueues(session, [...queues]);
  }

  poll(): void {
    for (const subscription of this.subscriptions.values()) subscription.poll();
  }

  async close(): Promise<void> {
    await Promise.all([...this.subscriptions.values()].map((subscription) => subscription.close()));
  }

  private async leave(session: BrokerSession | undefined, entry: Entry): Promise<void> {
    this.taking.delete(entry.no);
    try {
      await Promise.all([
        session?.run(END_CONSUMPTION, [session.id, entry.no]),
        this.options.channels.remove(session, entry.channel, entry.onPayload),
      ]);
    } catch (error) {
      // With its session gone the entry goes too; else `depth` counts one consumer too many until then.
      this.options.log.debug({ err: error, queue: entry.queue }, 'a consumption could not be signed off');
    }
  }
}

/** A consumption in the books. */
interface Entry {
  readonly no: number;
  readonly queue: string;
  readonly channel: string;
  readonly onPayload: (payload: string) => void;
}
