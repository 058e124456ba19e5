import { hasCode, Signal, type Service } from '@lovage/foundation';
import {
  systemClock,
  Ticker,
  type AwaitedMessage,
  type Broker,
  type Clock,
  type Log,
  type QueueDepth,
  type QueueHolders,
  type RescueCursor,
  type RescueStore,
} from '@lovage/ports';

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
  readonly onResent?: () => void;
}

/** What one look found: tasks that wait on empty queues, and since when their workers have been asked about them. */
interface Suspicion {
  readonly items: readonly AwaitedMessage[];
  readonly since: string;
}

/**
 * Sends messages again that the broker has lost: their queue was deleted, purged by hand, or gone with a disk. No row must wait
 * for a message that is not there.
 *
 * A message is taken for lost when in two looks in a row its queue is empty and no worker has claimed its task, and when every
 * consumer of the queue has told in between that it does not hold it. A worker holds messages unclaimed, behind long tasks. A
 * consumer that cannot be asked (a Celery worker, one of an older release) may hold anything: its queue is left alone.
 * Any number may run.
 */
export class Rescuer implements Service {
  /** A look has ended: how many messages were sent again. For tests. */
  readonly looked = new Signal<number>();
  private readonly ticker: Ticker;
  private cursor: RescueCursor | undefined;
  private suspicion: Suspicion | undefined;

  constructor(private readonly options: RescuerOptions) {
    const { log, clock = systemClock, everyMs = 5000 } = options;
    this.ticker = new Ticker({
      everyMs,
      clock,
      run: async () => void (await this.runOnce()),
      log,
      failure: 'the search for lost messages failed; tried again',
    });
  }

  start(): Promise<void> {
    return this.ticker.start();
  }

  stop(): Promise<void> {
    return this.ticker.stop();
  }

  /** One look, now; how many messages were sent again. @throws StoreUnavailableError BrokerUnavailableError */
  async runOnce(): Promise<number> {
    const { broker, rescue, olderThanMs = 10_000, page = 5000, log, onResent } = this.options;
    // A broker that is away cannot be asked, and what was seen before it went does not tell what it has when it is back.
    if (broker.state !== 'up') {
      this.suspicion = undefined;
      return 0;
    }
    const lost = await this.lostOf(this.suspicion);
    this.suspicion = undefined;
    const sent = lost.length > 0 ? await rescue.resend(lost) : 0;
    if (sent > 0) {
      log.warn(
        { tasks: sent, queues: [...new Set(lost.map(({ queue }) => queue))] },
        'tasks wait, their queue is empty and no worker has their messages: these are sent again',
      );
      onResent?.();
    }
    const { items, next } = await rescue.awaited({ after: this.cursor, limit: page, olderThanMs });
    this.cursor = next;
    this.suspicion = await this.suspect(items);
    this.looked.emit(sent);
    return sent;
  }

  private async suspect(items: readonly AwaitedMessage[]): Promise<Suspicion | undefined> {
    const empty = await this.emptyQueues(items);
    if (empty.size === 0) return undefined;
    const since = await this.options.rescue.ask([...empty.keys()]);
    return { items: items.filter(({ queue }) => empty.has(queue)), since };
  }

  private async lostOf(suspicion: Suspicion | undefined): Promise<AwaitedMessage[]> {
    if (!suspicion) return [];
    const empty = await this.emptyQueues(suspicion.items);
    if (empty.size === 0) return [];
    const answers = await this.options.rescue.holders([...empty.keys()], suspicion.since);
    const byQueue = new Map(answers.map((answer) => [answer.queue, answer]));
    return suspicion.items.filter(({ queue, taskId }) => {
      const consumers = empty.get(queue);
      if (consumers === undefined) return false;
      const { workers, answered, held } = byQueue.get(queue) ?? NOBODY;
      return consumers <= workers && answered === workers && !held.has(taskId);
    });
  }

  /** Those of the items' queues in which no message waits, and how many consumers each has. */
  private async emptyQueues(items: readonly AwaitedMessage[]): Promise<Map<string, number>> {
    const empty = new Map<string, number>();
    for (const queue of new Set(items.map((item) => item.queue))) {
      const depth = await this.depth(queue);
      if (depth?.ready === 0) empty.set(queue, depth.consumers);
    }
    return empty;
  }

  private async depth(queue: string): Promise<QueueDepth | undefined> {
    try {
      return await this.options.broker.depth(queue);
    } catch (error) {
      // There is no such queue. Its messages are lost, but cannot be sent before somebody serves it again.
      if (hasCode(error, 'unroutable')) return undefined;
      throw error;
    }
  }
}

const NOBODY: Omit<QueueHolders, 'queue'> = { workers: 0, answered: 0, held: new Set() };
