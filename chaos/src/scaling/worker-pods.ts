import { join } from 'node:path';
import { ChaosServer, type ChaosServerSpec } from '../servers/child.ts';
import { cpuSeconds } from './cpu-seconds.ts';
import type { Pods } from './horizontal-autoscaler.ts';

export interface WorkerPodsOptions {
  /** How number n is started. */
  spec(n: number): ChaosServerSpec;
  /** From SIGTERM to SIGKILL. */
  readonly graceSeconds: number;
}

interface Pod {
  readonly name: string;
  readonly server: ChaosServer;
  readonly startedAt: number;
  ready: boolean;
  /** CPU at the last look. */
  cpu: { readonly at: number; readonly seconds: number } | undefined;
}

/** Worker processes as a deployment has pods: their number is set, they become ready by themselves, and end within their grace. */
export class WorkerPods {
  /** How long starts took to be ready, ms. */
  readonly startUps: number[] = [];
  /** How stopped ones ended that should have ended with code 0. */
  readonly badEnds: string[] = [];
  /** From SIGTERM to the end, ms. */
  readonly stops: number[] = [];
  private readonly pods: Pod[] = [];
  private readonly stopping = new Set<Promise<void>>();
  private started = 0;

  constructor(private readonly options: WorkerPodsOptions) {}

  get count(): Pods {
    return { replicas: this.pods.length, ready: this.pods.filter(({ ready }) => ready).length };
  }

  scale(replicas: number): void {
    while (this.pods.length < replicas) this.start();
    // As a replica set does: those not ready first, then the youngest.
    const least = (a: Pod, b: Pod): number => Number(a.ready) - Number(b.ready) || b.startedAt - a.startedAt;
    for (const pod of this.pods.toSorted(least).slice(0, this.pods.length - replicas)) this.stop(pod);
  }

  /** Percent of what a pod requests, of each ready one since the last look; one looked at for the first time tells nothing. */
  utilization(requestedCores: number): number[] {
    return this.pods.flatMap((pod) => {
      if (!pod.ready) return [];
      const now = { at: performance.now() / 1000, seconds: cpuSeconds(pod.server.pid) };
      const before = pod.cpu;
      pod.cpu = now;
      return before ? [((now.seconds - before.seconds) / (now.at - before.at) / requestedCores) * 100] : [];
    });
  }

  /** Stops all; resolves when they have ended. */
  async none(): Promise<void> {
    this.scale(0);
    await Promise.all(this.stopping);
  }

  private start(): void {
    const n = this.started++;
    const server = new ChaosServer(this.options.spec(n));
    const pod: Pod = { name: `worker-${n}`, server, startedAt: performance.now(), ready: false, cpu: undefined };
    this.pods.push(pod);
    void server.ready.then(() => {
      pod.ready = server.running;
      this.startUps.push(performance.now() - pod.startedAt);
    });
    void server.exit.then((how) => {
      const at = this.pods.indexOf(pod);
      if (at < 0) return;
      // It ended although nobody stopped it.
      this.pods.splice(at, 1);
      this.badEnds.push(`${pod.name} ended by itself with ${how}`);
    });
  }

  private stop(pod: Pod): void {
    this.pods.splice(this.pods.indexOf(pod), 1);
    const ended = this.stopped(pod);
    this.stopping.add(ended);
    void ended.then(() => this.stopping.delete(ended));
  }

  private async stopped({ name, server, ready }: Pod): Promise<void> {
    const began = performance.now();
    const how = await server.stop(this.options.graceSeconds * 1000);
    this.stops.push(performance.now() - began);
    // Before its code is loaded, nothing listens for the signal: that ends it just as well.
    if (how !== 'code 0' && (ready || how !== 'SIGTERM')) this.badEnds.push(`${name} ended with ${how}`);
  }
}

/** Where the log of number n is. */
export const podLog = (dir: string, n: number): string => join(dir, `worker-${n}.log`);
