import { hasCode, Lifecycle, Signal, type Service } from '@lovage/foundation';
import {
  systemClock,
  type AwaitedMessage,
  type Broker,
  type Clock,
  type Log,
  type RescueCursor,
  type RescueStore,
} from '@lovage/ports';
import { Ticker } from '../ticker.ts';

export interface RescuerOptions {
  readonly broker: Pick<Broker, 'state' | 'depth'>;
  readonly rescue: RescueStore;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Between looks, ms. Default 5000. */
  readonly everyMs?: number;
  /** Tasks younger than this are left to arrive, ms. Default 10 000. */
  readonly olderThanMs?: number;
  /** Live tasks that one look reads. Default 5000. */
  readonly page?: number;
  /** Messages were put into the outbox: tell the relay. */
  readonly onSentAgain?: () => void;
}

/**
 * Sends messages again that the broker has lost: their queue was deleted, purged by hand, or gone with a disk. No row must wait
 * for a message that is not there.
 *
 * A message is taken for lost when its queue is empty and no worker has claimed its task, in two looks in a row. A worker may
 * still hold it, unclaimed, behind long tasks; then there are two, the claim lets one run, and the other fills the queue,
 * so that nothing more is sent. Any number may run.
 */
export class Rescuer implements Service {
  /** A look has ended: how many messages were sent again. For tests. */
  readonly looked = new Signal<number>();
  private readonly lifecycle = new Lifecycle(
    async () => this.ticker.start(),
    () => this.ticker.stop(),
  );
  private readonly ticker: Ticker;
  private cursor: RescueCursor | undefined;
  /** From the last look. */
  private suspects: readonly AwaitedMessage[] = [];

  constructor(private readonly options: RescuerOptions) {
    const { log, clock = systemClock, everyMs = 5000 } = options;
    this.ticker = new Ticker({
      everyMs,
      clock,
      run: async () => {
        await this.runOnce();
        return false;
      },
      onFailure: (error, count) =>
        log[count === 1 ? 'warn' : 'debug']({ err: error }, 'the search for lost messages failed; tried again'),
    });
  }

  start(): Promise<void> {
    return this.lifecycle.start();
  }

  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  /** One look, now; how many messages were sent again. @throws StoreUnavailableError BrokerUnavailableError */
  async runOnce(): Promise<number> {
    const { broker, rescue, olderThanMs = 10_000, page = 5000, log, onSentAgain } = this.options;
    // What is not up cannot be asked, and what was seen before it went says nothing of what it has when it is back.
    if (broker.state !== 'up') {
      this.suspects = [];
      return 0;
    }
    const lost = await this.ofEmptyQueues(this.suspects);
    this.suspects = [];
    const sent = lost.length > 0 ? await rescue.sendAgain(lost) : 0;
    if (sent > 0) {
      log.warn(
        { tasks: sent, queues: [...new Set(lost.map(({ queue }) => queue))] },
        'tasks wait, their queue is empty and no worker has claimed them: their messages are sent again',
      );
      onSentAgain?.();
    }
    const { items, next } = await rescue.awaited({ after: this.cursor, limit: page, olderThanMs });
    this.cursor = next;
    this.suspects = await this.ofEmptyQueues(items);
    this.looked.emit(sent);
    return sent;
  }

  private async ofEmptyQueues(items: readonly AwaitedMessage[]): Promise<AwaitedMessage[]> {
    const empty = new Set<string>();
    for (const queue of new Set(items.map((item) => item.queue))) if (await this.isEmpty(queue)) empty.add(queue);
    return items.filter(({ queue }) => empty.has(queue));
  }

  private async isEmpty(queue: string): Promise<boolean> {
    try {
      return (await this.options.broker.depth(queue)).ready === 0;
    } catch (error) {
      // There is no such queue. Its messages are lost, but cannot be sent before somebody serves it again.
      if (hasCode(error, 'unroutable')) return false;
      throw error;
    }
  }
}
