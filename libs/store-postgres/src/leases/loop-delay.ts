import { monitorEventLoopDelay, performance, type IntervalHistogram } from 'node:perf_hooks';

/** Between two samples, ms: 20 timers a second cost nothing that can be measured, and a delay is missed by no more than this. */
const RESOLUTION_MS = 50;

/** How late the event loop of this thread is, and how busy. */
export class LoopDelay {
  private delays: IntervalHistogram | undefined;
  private utilization = performance.eventLoopUtilization();

  /** Idempotent. */
  start(): void {
    this.delays ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.delays.enable();
  }

  /** Since it was taken last: how late the loop was at most, ms, and the share of the time that it was busy. */
  take(): { eventLoopDelayMs: number; eventLoopUse: number } {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.utilization);
    this.utilization = now;
    // The histogram holds the time from sample to sample, in ns.
    const most = (this.delays?.max ?? 0) / 1e6 - RESOLUTION_MS;
    this.delays?.reset();
    return { eventLoopDelayMs: Math.max(0, Math.round(most)), eventLoopUse: Math.round(utilization * 1000) / 1000 };
  }

  stop(): void {
    this.delays?.disable();
  }
}
