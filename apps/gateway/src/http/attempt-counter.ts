import { randomBytes } from 'node:crypto';
import type { Clock } from '@lovage/ports';

export interface AttemptCounterOptions {
  /** Attempts of one key within the window. */
  readonly max: number;
  readonly windowMs: number;
  /** Keys counted one by one at a time. Default 10000. */
  readonly maxKeys?: number;
}

/** Counters that keys share when there are more of them than can be counted one by one. */
const SHARED = 1_024;

/**
 * Attempts within the last window, for each key. A key that is counted is never forgotten before its window is over: a flood of
 * made-up keys shares counters instead, some of them strict for no fault of the key's, and pushes nobody out.
 */
export class AttemptCounter {
  private readonly keys = new Map<string, number[]>();
  private readonly shared: number[][] = Array.from({ length: SHARED }, () => []);

  constructor(
    private readonly options: AttemptCounterOptions,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** 0: another one may come; else the ms until it may. Counts nothing. */
  waitMs(key: string): number {
    const now = this.clock.now();
    const recent = this.attemptsOf(key, now);
    return recent.length < this.options.max ? 0 : recent[0]! + this.options.windowMs - now;
  }

  /** Counts an attempt. */
  note(key: string): void {
    const now = this.clock.now();
    const recent = this.attemptsOf(key, now);
    recent.push(now);
    if (!this.keys.has(key) && this.isFull()) return;
    // Last in the map is who came last, so that those whose window is over are first.
    this.keys.delete(key);
    this.keys.set(key, recent);
  }

  /** Those within the window, oldest first. Of a key that shares a counter, everybody's who shares it. */
  private attemptsOf(key: string, now: number): number[] {
    const since = now - this.options.windowMs;
    for (const [old, attempts] of this.keys) {
      if (attempts.at(-1)! > since) break;
      this.keys.delete(old);
    }
    const attempts = this.keys.get(key) ?? (this.isFull() ? this.shared[hashOf(key) % SHARED]! : []);
    while (attempts.length > 0 && attempts[0]! <= since) attempts.shift();
    return attempts;
  }

  private isFull(): boolean {
    return this.keys.size >= (this.options.maxKeys ?? 10_000);
  }
}

/** Drawn anew by each process, so that nobody can pick keys that share another's counter. */
const SEED = randomBytes(4).readUInt32LE();

/** FNV-1a from a seed. */
function hashOf(text: string): number {
  let hash = SEED;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
