import type { AutoscalerSpec, MetricTarget, ScalingPolicy, ScalingRules } from './manifests.ts';

/** Kubernetes' own: how far a metric may be from its target. */
const TOLERANCE = 0.1;

/** Pods of a deployment at one look. */
export interface Pods {
  /** As many as there should be. */
  readonly replicas: number;
  /** Of them those that are ready. */
  readonly ready: number;
}

/** A metric at one look. */
export interface Measured {
  readonly metric: MetricTarget;
  /** Undefined: it could not be read. Of `Utilization`: of each ready pod, percent. */
  readonly value: number | readonly number[] | undefined;
}

type Limits = Pick<AutoscalerSpec, 'min' | 'max' | 'scaleUp' | 'scaleDown'>;

/**
 * The documented algorithm of a HorizontalPodAutoscaler: ratio to the target, tolerance, the largest of all metrics, stabilisation
 * windows, policies, bounds. Its caller asks it each sync period. Seconds are those of the caller's clock.
 */
export class HorizontalAutoscaler {
  private recommendations: { readonly at: number; readonly replicas: number }[] = [];
  private changes: { readonly at: number; readonly by: number }[] = [];

  constructor(private readonly limits: Limits) {}

  /** How many pods there should be from now on. */
  sync(now: number, pods: Pods, measured: readonly Measured[]): number {
    const { replicas } = pods;
    // An autoscaler rests while its target has none.
    if (replicas === 0) return 0;
    const wanted = measured.flatMap(({ metric, value }) =>
      value === undefined ? [] : [wantedBy(metric, value, pods)],
    );
    if (wanted.length === 0) return replicas;
    let desired = Math.max(...wanted);
    // What cannot be read may want more.
    if (wanted.length < measured.length) desired = Math.max(desired, replicas);
    const stable = this.stabilised(now, replicas, desired);
    const next = this.limited(now, replicas, Math.min(this.limits.max, Math.max(this.limits.min, 1, stable)));
    if (next !== replicas) this.changes.push({ at: now, by: next - replicas });
    return next;
  }

  /** The least that was wanted in the window of growth, the most in that of shrinking. */
  private stabilised(now: number, replicas: number, desired: number): number {
    const { scaleUp, scaleDown } = this.limits;
    this.recommendations.push({ at: now, replicas: desired });
    const within = ({ stabilizationWindowSeconds }: ScalingRules) =>
      this.recommendations
        .filter(({ at }) => at === now || at > now - stabilizationWindowSeconds)
        .map((one) => one.replicas);
    const least = Math.min(...within(scaleUp));
    const most = Math.max(...within(scaleDown));
    const longest = Math.max(scaleUp.stabilizationWindowSeconds, scaleDown.stabilizationWindowSeconds);
    this.recommendations = this.recommendations.filter(({ at }) => at > now - longest);
    return Math.min(Math.max(replicas, least), most);
  }

  private limited(now: number, replicas: number, wanted: number): number {
    const { scaleUp, scaleDown } = this.limits;
    const up = wanted > replicas;
    const { policies, selectPolicy } = up ? scaleUp : scaleDown;
    if (wanted === replicas || selectPolicy === 'Disabled') return replicas;
    const bounds = policies.map((policy) => this.boundOf(policy, now, replicas, up));
    const far = up ? Math.max(...bounds) : Math.min(...bounds);
    const near = up ? Math.min(...bounds) : Math.max(...bounds);
    const bound = selectPolicy === 'Max' ? far : near;
    return up ? Math.max(replicas, Math.min(wanted, bound)) : Math.min(replicas, Math.max(wanted, bound));
  }

  private boundOf({ type, value, periodSeconds }: ScalingPolicy, now: number, replicas: number, up: boolean): number {
    const since = this.changes.filter(({ at, by }) => at > now - periodSeconds && by > 0 === up);
    const before = replicas - since.reduce((sum, { by }) => sum + by, 0);
    if (type === 'Pods') return up ? before + value : before - value;
    return up ? Math.ceil(before * (1 + value / 100)) : Math.trunc(before * (1 - value / 100));
  }
}

function wantedBy(
  { kind, target }: MetricTarget,
  value: number | readonly number[],
  { replicas, ready }: Pods,
): number {
  if (typeof value !== 'number') return wantedByPods(value, target, replicas);
  if (kind === 'AverageValue') return near(value / (target * replicas)) ? replicas : Math.ceil(value / target);
  return near(value / target) ? replicas : Math.ceil((value / target) * ready);
}

/** Pods that tell nothing yet are taken to use nothing when more are wanted, and as much as they may when fewer are. */
function wantedByPods(used: readonly number[], target: number, replicas: number): number {
  if (used.length === 0) return replicas;
  const sum = used.reduce((all, one) => all + one, 0);
  const ratio = sum / used.length / target;
  if (near(ratio)) return replicas;
  const silent = Math.max(0, replicas - used.length);
  if (silent === 0) return Math.ceil(ratio * used.length);
  const whole = (sum + (ratio < 1 ? silent * target : 0)) / (used.length + silent) / target;
  return near(whole) || whole > 1 !== ratio > 1 ? replicas : Math.ceil(whole * (used.length + silent));
}

const near = (ratio: number): boolean => Math.abs(1 - ratio) <= TOLERANCE;
