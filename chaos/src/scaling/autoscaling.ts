import { setTimeout as sleep } from 'node:timers/promises';
import { HorizontalAutoscaler } from './horizontal-autoscaler.ts';
import { KedaScaler } from './keda-scaler.ts';
import type { AutoscalerSpec, Trigger } from './manifests.ts';
import type { TriggerReader } from './trigger-reader.ts';
import type { WorkerPods } from './worker-pods.ts';

/** Kubernetes' own: between two looks of a HorizontalPodAutoscaler. */
const SYNC_SECONDS = 15;

/** A look at the triggers, and what came of it. */
export interface Look {
  /** Of the run, s of the autoscaler's clock. */
  readonly at: number;
  readonly by: 'keda' | 'hpa';
  readonly values: Readonly<Record<string, number | readonly number[] | undefined>>;
  readonly from: number;
  readonly ready: number;
  readonly to: number;
}

export interface AutoscalingOptions {
  readonly spec: AutoscalerSpec;
  readonly pods: WorkerPods;
  readonly triggers: TriggerReader;
  /** How many times faster than the manifest's seconds it all goes. */
  readonly speed: number;
  onLook?(look: Look): void;
}

/** The loops of KEDA and of a HorizontalPodAutoscaler over real worker processes. */
export class Autoscaling {
  readonly looks: Look[] = [];
  private readonly began = performance.now();
  private readonly hpa: HorizontalAutoscaler;
  private readonly keda: KedaScaler | undefined;

  constructor(private readonly options: AutoscalingOptions) {
    const { spec } = options;
    this.hpa = new HorizontalAutoscaler(spec);
    this.keda = spec.keda && new KedaScaler({ min: spec.min, cooldownSeconds: spec.keda.cooldownSeconds });
    if (!this.keda) options.pods.scale(spec.min);
  }

  /** Since it began, s of the autoscaler's clock. */
  get now(): number {
    return ((performance.now() - this.began) / 1000) * this.options.speed;
  }

  /** Runs until `over` says so, asked after each look. */
  async run(over: () => boolean | Promise<boolean>): Promise<void> {
    const { spec, speed } = this.options;
    const everyPoll = spec.keda?.pollingSeconds ?? Infinity;
    // KEDA's operator and the controller manager look at times of their own.
    const due = { keda: everyPoll, hpa: SYNC_SECONDS * 1.5 };
    do {
      const by = due.keda <= due.hpa ? 'keda' : 'hpa';
      await sleep(Math.max(0, ((due[by] - this.now) / speed) * 1000));
      await this.look(by);
      due[by] = Math.max(due[by], this.now - 1) + (by === 'keda' ? everyPoll : SYNC_SECONDS);
    } while (!(await over()));
  }

  private async look(by: Look['by']): Promise<void> {
    const { spec, pods, triggers } = this.options;
    const before = pods.count;
    // A rested autoscaler asks nothing.
    if (by === 'hpa' && before.replicas === 0) return;
    const read = await Promise.all(spec.triggers.map((trigger) => triggers.read(trigger, pods)));
    const measured = spec.triggers.map((trigger, n) => ({ ...trigger, value: read[n] }));
    const { now } = this;
    const to =
      by === 'hpa' ? this.hpa.sync(now, before, measured) : this.keda!.poll(now, before.replicas, measured.map(plain));
    const values = Object.fromEntries(measured.map(({ name, value }) => [name, value]));
    const look = { at: now, by, values, from: before.replicas, ready: before.ready, to };
    this.looks.push(look);
    this.options.onLook?.(look);
    if (to !== before.replicas) pods.scale(to);
  }
}

const plain = ({ metric, value }: Trigger & { value: number | readonly number[] | undefined }) => ({
  metric,
  value: typeof value === 'number' ? value : undefined,
});
