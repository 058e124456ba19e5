import type { AutoscalerSpec, MetricTarget } from './manifests.ts';

type KedaLimits = Pick<AutoscalerSpec, 'min'> & { readonly cooldownSeconds: number };

/**
 * The documented part that KEDA plays itself: from none to the first, and back to none when for the cooldown no trigger was active. In
 * between it leaves the count to the autoscaler that it makes.
 */
export class KedaScaler {
  private activeAt: number | undefined;

  constructor(private readonly limits: KedaLimits) {}

  /** How many replicas there should be from now on. An undefined value could not be read. */
  poll(
    now: number,
    replicas: number,
    triggers: readonly { readonly metric: MetricTarget; readonly value: number | undefined }[],
  ): number {
    const { min, cooldownSeconds } = this.limits;
    if (triggers.some(({ metric, value }) => value !== undefined && value > metric.activation)) {
      this.activeAt = now;
      return replicas === 0 ? Math.max(1, min) : replicas;
    }
    // Nobody knows whether there is something to do.
    if (min > 0 || replicas === 0 || triggers.some(({ value }) => value === undefined)) return Math.max(replicas, min);
    return this.activeAt !== undefined && this.activeAt + cooldownSeconds >= now ? replicas : 0;
  }
}
