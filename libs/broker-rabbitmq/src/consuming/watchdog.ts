import type { ChannelModel } from 'amqplib';
import type { Clock, Log } from '@lovage/ports';
import { onThrowawayChannel, replyCode } from '../connection/throwaway.ts';

/** Between two looks, ms. A consumer that has died is found with the second look after its last delivery's: within 7.5 s. */
export const LOOK_MS = 2500;
/** So many looks in a row must find messages waiting, and none delivered meanwhile. */
const STRIKES = 2;

/** What a subscription shows to the watchdog. */
export interface WatchedQueue {
  /** As the server knows it. */
  readonly queue: string;
  /** What it got; undefined while it is not subscribed, or takes nothing more. */
  readonly progress: ConsumerProgress | undefined;
  /** Found dead, or (`false`) alive. */
  setStalled(stalled: boolean): void;
  /** Subscribes anew, on a new channel. */
  rebuild(): void;
}

export interface ConsumerProgress {
  /** Its channel: another one begins anew. */
  readonly channel: object;
  /** Deliveries so far. */
  readonly received: number;
  /** The server may send more before it gets an ack. */
  readonly hasRoom: boolean;
}

interface Seen {
  progress: ConsumerProgress | undefined;
  strikes: number;
}

/**
 * Finds consumers that the server has forgotten. A subscription that has room, got nothing since the last look, and whose queue
 * has messages or no consumer, is made anew. Should it have been alive after all, what it held is delivered again, and the
 * claim in Postgres keeps it from running twice. A busy subscription costs nothing; an idle one a question in each look.
 */
export class Watchdog {
  private readonly seen = new Map<WatchedQueue, Seen>();
  private cancelTimer: () => void = () => undefined;
  private running = false;

  constructor(
    private readonly options: {
      readonly connection: () => ChannelModel | undefined;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  add(watched: WatchedQueue): void {
    this.seen.set(watched, { progress: watched.progress, strikes: 0 });
    if (this.running) return;
    this.running = true;
    this.schedule();
  }

  remove(watched: WatchedQueue): void {
    this.seen.delete(watched);
    if (this.seen.size > 0) return;
    this.running = false;
    this.cancelTimer();
  }

  private schedule(): void {
    this.cancelTimer = this.options.clock.after(LOOK_MS, () => {
      void this.look().finally(() => {
        if (this.running) this.schedule();
      });
    });
  }

  /** One look at all of them. */
  private async look(): Promise<void> {
    const idle = [...this.seen].filter(([watched, seen]) => this.isIdle(watched, seen));
    const connection = this.options.connection();
    if (idle.length === 0 || !connection) return;
    try {
      // One channel for all: a queue that is gone closes it, and the rest is asked for in the next look.
      await onThrowawayChannel(connection, async (channel) => {
        for (const [watched, seen] of idle) {
          try {
            const { messageCount, consumerCount } = await channel.checkQueue(watched.queue);
            this.judge(watched, seen, messageCount, consumerCount);
          } catch (error) {
            if (replyCode(error) === 404) this.rebuild(watched, seen, 'its queue is gone');
            throw error;
          }
        }
      });
    } catch (error) {
      this.options.log.debug({ err: error }, 'a look after idle consumers ended early');
    }
  }

  private isIdle(watched: WatchedQueue, seen: Seen): boolean {
    const { progress } = watched;
    const before = seen.progress;
    seen.progress = progress;
    const idle =
      progress !== undefined &&
      progress.channel === before?.channel &&
      progress.received === before.received &&
      progress.hasRoom;
    if (!idle) this.alive(watched, seen, progress !== undefined && progress.received > 0);
    return idle;
  }

  private judge(watched: WatchedQueue, seen: Seen, ready: number, consumers: number): void {
    // It was busy, or gone, while the server answered.
    const now = watched.progress;
    if (!now || now.channel !== seen.progress?.channel || now.received !== seen.progress.received) return;
    if (consumers === 0) return this.rebuild(watched, seen, 'RabbitMQ counts no consumer of its queue');
    if (ready === 0) return this.alive(watched, seen, true);
    seen.strikes += 1;
    if (seen.strikes >= STRIKES) this.rebuild(watched, seen, `${ready} messages wait and none is delivered`);
  }

  private alive(watched: WatchedQueue, seen: Seen, proven: boolean): void {
    seen.strikes = 0;
    if (proven) watched.setStalled(false);
  }

  private rebuild(watched: WatchedQueue, seen: Seen, reason: string): void {
    this.options.log.warn({ queue: watched.queue, reason }, 'a subscription does not consume: subscribing anew');
    seen.strikes = 0;
    watched.setStalled(true);
    watched.rebuild();
  }
}
