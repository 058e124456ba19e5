import { UnroutableError, type Clock, type ConsumeOptions, type Log } from '@lovage/ports';
import type { RedisChannels } from '../connection/channels.ts';
import type { RedisSession } from '../connection/session.ts';
import { checkUsed, wakeChannel } from '../keys.ts';
import type { RedisSettler } from './settler.ts';
import { RedisSubscription } from './subscription.ts';

export interface RedisConsumerOptions {
  readonly db: number;
  readonly channels: RedisChannels;
  readonly settler: RedisSettler;
  readonly session: () => RedisSession | undefined;
  readonly exists: (queue: string) => Promise<boolean>;
  /** As in `RedisBrokerOptions`. */
  readonly renewAfterMs: number;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** The subscriptions of this process. */
export class RedisConsumer {
  private readonly subscriptions = new Set<RedisSubscription>();
  private lastNumber = 0;
  private cancelPoll: (() => void) | undefined;

  constructor(private readonly options: RedisConsumerOptions) {}

  /** Queues that are consumed. */
  get queues(): string[] {
    return [...new Set([...this.subscriptions].filter(({ active }) => active).map(({ queue }) => queue))];
  }

  async consume(session: RedisSession, queue: string, consume: ConsumeOptions): Promise<RedisSubscription> {
    const { prefetch } = consume;
    if (!Number.isSafeInteger(prefetch) || prefetch < 1)
      throw new RangeError(`a prefetch is a whole number from 1, not ${prefetch}`);
    checkUsed(queue);
    if (!(await this.options.exists(queue))) throw new UnroutableError(queue);
    const { channels, settler, clock, log, db } = this.options;
    const channel = wakeChannel(db, queue);
    const subscription: RedisSubscription = new RedisSubscription({
      queue,
      consume,
      settler,
      clock,
      log,
      numbers: (count) => {
        const first = this.lastNumber + 1;
        this.lastNumber += count;
        return first;
      },
      deafen: () => channels.remove(this.options.session(), channel, subscription.wake),
      onClosed: () => this.subscriptions.delete(subscription),
    });
    try {
      await channels.add(session, channel, subscription.wake);
    } catch (error) {
      await channels.remove(undefined, channel, subscription.wake);
      throw error;
    }
    this.subscriptions.add(subscription);
    const current = this.options.session();
    if (current) subscription.attach(current);
    this.poll();
    return subscription;
  }

  attach(session: RedisSession): void {
    this.options.settler.attach(session);
    for (const subscription of this.subscriptions) subscription.attach(session);
  }

  detach(): void {
    this.options.settler.attach(undefined);
    for (const subscription of this.subscriptions) subscription.detach();
  }

  /** Tags of what has been held for long, which are to be renewed now. */
  toRenew(): string[] {
    const { clock, renewAfterMs } = this.options;
    const now = clock.monotonic();
    return [...this.subscriptions].flatMap((subscription) => subscription.renewed(now - renewAfterMs, now));
  }

  async close(): Promise<void> {
    this.cancelPoll?.();
    this.cancelPoll = () => undefined;
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
    await this.options.settler.flush();
  }

  /** Celery's producers tell nobody that they sent a message. */
  private poll(): void {
    if (this.cancelPoll) return;
    const { clock, pollMs } = this.options;
    const next = (): void => {
      this.cancelPoll = clock.after(pollMs, () => {
        if (this.subscriptions.size === 0) return void (this.cancelPoll = undefined);
        for (const subscription of this.subscriptions) subscription.wake();
        next();
      });
    };
    next();
  }
}
