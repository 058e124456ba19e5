import type { ChannelModel } from 'amqplib';
import type { Consumption, ConsumptionHealth } from '@lovage/ports';
import { OTHER_LEVELS } from '../topology/level-queues.ts';
import type { Topology } from '../topology/topology.ts';
import { LevelSubscription, type LevelSubscriptionOptions } from './level-subscription.ts';

export interface QueueSubscriptionOptions extends Omit<LevelSubscriptionOptions, 'level' | 'declare'> {
  readonly topology: Topology;
  onClosed(): void;
}

/** A subscription to a queue: to each level of it where it has levels, each with a prefetch of its own. */
export class QueueSubscription implements Consumption {
  private readonly normal: LevelSubscription;
  private levels: readonly LevelSubscription[] = [];
  private started = false;
  private ending = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: QueueSubscriptionOptions) {
    const { topology, queue } = options;
    this.normal = new LevelSubscription({
      ...options,
      level: 'normal',
      declare: async (connection) => {
        const deadLettering = await topology.declare(connection, queue);
        // A queue of somebody else, without levels, was deleted and is ours now.
        if (this.started && this.makeLevels()) for (const level of this.levels) level.keep();
        return deadLettering;
      },
    });
  }

  /** The worst of its levels. */
  get health(): ConsumptionHealth {
    const { health } = this.normal;
    if (health.state !== 'consuming') return health;
    return this.levels.map((level) => level.health).find(({ state }) => state === 'stalled') ?? health;
  }

  /** Subscribes; rejects when that fails the first time. */
  async start(connection: ChannelModel): Promise<void> {
    await this.options.topology.expect(connection, this.options.queue);
    await this.normal.start(connection);
    this.started = true;
    if (this.makeLevels()) await Promise.all(this.levels.map((level) => level.start(connection)));
  }

  async cancel(): Promise<void> {
    this.ending = true;
    await Promise.all(this.all.map((subscription) => subscription.cancel()));
  }

  close(): Promise<void> {
    this.ending = true;
    this.closing ??= Promise.all(this.all.map((subscription) => subscription.close())).then(() =>
      this.options.onClosed(),
    );
    return this.closing;
  }

  private get all(): readonly LevelSubscription[] {
    return [this.normal, ...this.levels];
  }

  /** Whether they are new, and to be started. */
  private makeLevels(): boolean {
    const { topology, queue } = this.options;
    if (this.ending || this.levels.length > 0 || !topology.hasKnownLevels(queue)) return false;
    this.levels = OTHER_LEVELS.map(
      (level) =>
        new LevelSubscription({
          ...this.options,
          level,
          declare: (connection) => topology.declareLevel(connection, queue, level),
        }),
    );
    return true;
  }
}
