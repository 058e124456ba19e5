import type { Broker, BrokerState, Consumption, OutgoingMessage, QueueDepth, ReplyInbox } from '@lovage/ports';
import { BrokerUnavailableError, UnroutableError } from '@lovage/ports';

/** A broker that keeps what it is given and delivers nothing; a test decides how it is. */
export class FakeBroker implements Broker {
  readonly kind = 'fake';
  readonly displayUrl = 'fake:';
  readonly deadLetterQueue = 'lovage.dead';
  readonly published: OutgoingMessage[] = [];
  private readonly listeners = new Set<(state: BrokerState) => void>();
  private current: BrokerState = 'up';

  get state(): BrokerState {
    return this.current;
  }

  become(state: BrokerState): void {
    this.current = state;
    for (const listener of this.listeners) listener(state);
  }

  onStateChange(listener: (state: BrokerState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  declare(): Promise<void> {
    return this.reachable();
  }

  async publish(message: OutgoingMessage): Promise<void> {
    await this.reachable();
    if (message.queue === 'nowhere') throw new UnroutableError(message.queue);
    this.published.push(message);
  }

  consume(): Promise<Consumption> {
    return Promise.reject(new Error('nothing is consumed here'));
  }

  /** None, so that whoever waits reads rows: nobody sends replies here. */
  openReplies(): Promise<ReplyInbox> {
    return Promise.reject(new BrokerUnavailableError('no replies here'));
  }

  reply(): void {
    throw new Error('nothing is replied here');
  }

  async depth(queue: string): Promise<QueueDepth> {
    await this.reachable();
    if (queue === 'nowhere') throw new UnroutableError(queue);
    return { ready: 0, consumers: 0 };
  }

  purge(): Promise<number> {
    return Promise.resolve(0);
  }

  deleteQueue(): Promise<void> {
    return Promise.resolve();
  }

  private reachable(): Promise<void> {
    return this.current === 'down' ? Promise.reject(new BrokerUnavailableError('the fake is down')) : Promise.resolve();
  }
}
