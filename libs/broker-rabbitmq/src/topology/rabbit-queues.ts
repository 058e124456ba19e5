import type { ChannelModel } from 'amqplib';
import { UnroutableError, type PriorityLevel, type QueueDepth } from '@lovage/ports';
import { onThrowawayChannel, replyCode } from '../connection/throwaway.ts';
import type { ManagementApi } from '../management/management-api.ts';
import { hasRoomForLevels, isUsersQueue, levelQueue, OTHER_LEVELS } from './level-queues.ts';
import type { Topology } from './topology.ts';

export interface RabbitQueuesDeps {
  readonly topology: Topology;
  /** Undefined: its URL is not known. */
  readonly management: Pick<ManagementApi, 'unacked'> | undefined;
  /** @param what is done, for the message of an error. @throws BrokerUnavailableError RabbitRefusedError */
  readonly onConnection: <T>(what: string, use: (connection: ChannelModel) => Promise<T>) => Promise<T>;
}

/** What is asked of queues and done with them as a whole: each is told with the queues of its levels as one. */
export class RabbitQueues {
  constructor(private readonly deps: RabbitQueuesDeps) {}

  async depth(queue: string): Promise<QueueDepth> {
    const { messageCount, consumerCount } = await this.onQueue(queue, (connection) =>
      onThrowawayChannel(connection, (channel) => channel.checkQueue(queue)),
    );
    const others = await this.onLevels(queue, (connection, name) =>
      onThrowawayChannel(connection, (channel) => channel.checkQueue(name)),
    );
    const { high, low } = others;
    return {
      ready: messageCount + high + low,
      consumers: consumerCount,
      ...(high + low > 0 && { levels: { high, low } }),
    };
  }

  /** Known by the management plugin alone: without its URL, of no queue. */
  async unacked(queues: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = await this.deps.management?.unacked();
    return new Map(
      queues.flatMap((queue) => {
        const own = counts?.get(queue);
        const levels = hasRoomForLevels(queue)
          ? OTHER_LEVELS.map((level) => counts?.get(levelQueue(queue, level)) ?? 0)
          : [];
        return own === undefined ? [] : [[queue, levels.reduce((sum, n) => sum + n, own)] as const];
      }),
    );
  }

  async purge(queue: string): Promise<number> {
    const { messageCount } = await this.onQueue(queue, (connection) =>
      onThrowawayChannel(connection, (channel) => channel.purgeQueue(queue)),
    );
    const others = await this.onLevels(queue, (connection, name) =>
      onThrowawayChannel(connection, (channel) => channel.purgeQueue(name)),
    );
    return messageCount + others.high + others.low;
  }

  async delete(queue: string): Promise<void> {
    this.deps.topology.forget(queue);
    if (!isUsersQueue(queue)) return;
    const levels = hasRoomForLevels(queue) ? OTHER_LEVELS.map((level) => levelQueue(queue, level)) : [];
    await this.deps.onConnection(`delete ${JSON.stringify(queue)}`, (connection) =>
      Promise.all(
        [queue, ...levels].map((name) =>
          onThrowawayChannel(connection, (channel) => channel.deleteQueue(name)).catch((error: unknown) => {
            if (replyCode(error) !== 404) throw error;
          }),
        ),
      ),
    );
  }

  private async onQueue<T>(queue: string, use: (connection: ChannelModel) => Promise<T>): Promise<T> {
    if (!isUsersQueue(queue)) throw new UnroutableError(queue);
    return this.deps.onConnection(`answer for ${JSON.stringify(queue)}`, (connection) =>
      use(connection).catch((error: unknown) => {
        throw replyCode(error) === 404 ? new UnroutableError(queue, { cause: error }) : error;
      }),
    );
  }

  /** The messages that `use` counts in the other levels of a queue that exists. One that is missing holds none. */
  private async onLevels(
    queue: string,
    use: (connection: ChannelModel, name: string) => Promise<{ messageCount: number }>,
  ): Promise<{ high: number; low: number }> {
    return this.deps.onConnection(`answer for ${JSON.stringify(queue)}`, async (connection) => {
      if (!(await this.deps.topology.hasLevels(connection, queue))) return { high: 0, low: 0 };
      const count = async (level: PriorityLevel): Promise<number> => {
        try {
          return (await use(connection, levelQueue(queue, level))).messageCount;
        } catch (error) {
          if (replyCode(error) !== 404) throw error;
          this.deps.topology.missLevels(queue);
          return 0;
        }
      };
      const [high, low] = await Promise.all([count('high'), count('low')]);
      return { high, low };
    });
  }
}
