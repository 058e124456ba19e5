import type { ChannelModel } from 'amqplib';
import type { Consumption, ConsumptionHealth } from '@lovage/ports';
import { OTHER_BANDS, type Topology } from '../topology/topology.ts';
import { Subscription, type SubscriptionOptions } from './subscription.ts';

export interface BandedSubscriptionOptions extends Omit<SubscriptionOptions, 'band' | 'declare'> {
  readonly topology: Topology;
  onClosed(): void;
}

/** A subscription to a queue: to each band of it where it has bands, each with a prefetch of its own. */
export class BandedSubscription implements Consumption {
  private readonly normal: Subscription;
  private bands: readonly Subscription[] = [];
  private started = false;
  private ending = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: BandedSubscriptionOptions) {
    const { topology, queue } = options;
    this.normal = new Subscription({
      ...options,
      band: 'normal',
      declare: async (connection) => {
        const deadLettering = await topology.declare(connection, queue);
        // A queue of somebody else, without bands, was deleted and is ours now.
        if (this.started && this.makeBands()) for (const band of this.bands) band.keep();
        return deadLettering;
      },
    });
  }

  /** The worst of its bands. */
  get health(): ConsumptionHealth {
    const { health } = this.normal;
    if (health.state !== 'consuming') return health;
    return this.bands.map((band) => band.health).find(({ state }) => state === 'stalled') ?? health;
  }

  /** Subscribes; rejects when that fails the first time. */
  async start(connection: ChannelModel): Promise<void> {
    await this.options.topology.expect(connection, this.options.queue);
    await this.normal.start(connection);
    this.started = true;
    if (this.makeBands()) await Promise.all(this.bands.map((band) => band.start(connection)));
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

  private get all(): readonly Subscription[] {
    return [this.normal, ...this.bands];
  }

  /** Whether they are new, and to be started. */
  private makeBands(): boolean {
    const { topology, queue } = this.options;
    if (this.ending || this.bands.length > 0 || !topology.isBanded(queue)) return false;
    this.bands = OTHER_BANDS.map(
      (band) =>
        new Subscription({
          ...this.options,
          band,
          declare: (connection) => topology.declareBand(connection, queue, band),
        }),
    );
    return true;
  }
}
