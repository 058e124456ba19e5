import type { Clock } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';

/** Contracts that may have a rate: those of a worker are fewer. */
const MAX_RATES = 10_000;

interface RateGate {
  readonly intervalMs: number;
  readonly perSecond: number;
  /** What waits, in the order it came. */
  readonly waiting: TaskEntry[];
  /** When the next one may pass, monotonic ms. */
  nextAt: number;
  cancelTimer: (() => void) | undefined;
}

/**
 * Rates of this worker alone, by the name of the task, as `celery control rate_limit` sets them: so many begin a second, evenly. What has
 * to wait stays in this worker's hands. They are forgotten when it ends; limits over all workers are those of contracts and operators.
 */
export class RateGates {
  private readonly gates = new Map<string, RateGate>();
  private closed = false;

  /** @param onPass gets what may pass after it had to wait. */
  constructor(
    private readonly clock: Clock,
    private readonly onPass: (entry: TaskEntry) => void,
  ) {}

  /** So many a second; 0: as many as there are. What waits follows it at once. */
  set(name: string, perSecond: number): void {
    const before = this.gates.get(name);
    before?.cancelTimer?.();
    this.gates.delete(name);
    const waiting = before?.waiting ?? [];
    if (!(perSecond > 0)) {
      for (const entry of waiting) this.pass(entry);
      return;
    }
    if (!before && this.gates.size >= MAX_RATES) throw new RangeError(`more than ${MAX_RATES} rates`);
    const intervalMs = 1000 / perSecond;
    const now = this.clock.monotonic();
    const nextAt = before ? Math.min(before.nextAt, now + intervalMs) : now;
    const gate: RateGate = { intervalMs, perSecond, waiting, nextAt, cancelTimer: undefined };
    this.gates.set(name, gate);
    this.arm(gate);
  }

  /** A second; undefined: it has none here. */
  of(name: string): number | undefined {
    return this.gates.get(name)?.perSecond;
  }

  /** True: it has to wait, and comes by `onPass`. */
  holds(entry: TaskEntry): boolean {
    if (this.gates.size === 0) return false;
    const gate = this.gates.get(entry.task.name);
    if (!gate || this.closed) return false;
    const now = this.clock.monotonic();
    if (gate.waiting.length === 0 && gate.nextAt <= now) {
      gate.nextAt = now + gate.intervalMs;
      return false;
    }
    gate.waiting.push(entry);
    this.arm(gate);
    return true;
  }

  /** What waits here of one queue: it leaves. */
  remove(queue: string): TaskEntry[] {
    const removed: TaskEntry[] = [];
    for (const { waiting } of this.gates.values())
      for (let n = waiting.length - 1; n >= 0; n -= 1)
        if (waiting[n]!.newTask.queue === queue) removed.unshift(...waiting.splice(n, 1));
    return removed;
  }

  /** Nothing waits from here on. */
  close(): void {
    this.closed = true;
    for (const gate of this.gates.values()) {
      gate.cancelTimer?.();
      gate.waiting.length = 0;
    }
  }

  private arm(gate: RateGate): void {
    if (gate.cancelTimer || gate.waiting.length === 0 || this.closed) return;
    gate.cancelTimer = this.clock.after(Math.max(0, gate.nextAt - this.clock.monotonic()), () => this.due(gate));
  }

  private due(gate: RateGate): void {
    gate.cancelTimer = undefined;
    const now = this.clock.monotonic();
    // A timer that comes late lets pass what was due meanwhile.
    while (gate.waiting.length > 0 && gate.nextAt <= now) {
      gate.nextAt += gate.intervalMs;
      this.pass(gate.waiting.shift()!);
    }
    this.arm(gate);
  }

  private pass(entry: TaskEntry): void {
    if (!entry.hasLeft) this.onPass(entry);
  }
}
