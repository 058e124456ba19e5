import { Ticker, type Clock, type Log } from '@lovage/ports';
import type { PoolSize } from './pool-size.ts';

/** Between two looks, ms. */
const LOOK_EVERY_MS = 1000;
/** A pool shrinks once it has not needed its size for so long, ms: as Celery's does. */
const KEEP_MS = 30_000;

/** Most and least tasks at a time. */
export interface AutoscaleBounds {
  readonly max: number;
  readonly min: number;
}

export interface AutoscalerDeps {
  readonly pool: PoolSize;
  readonly clock: Clock;
  readonly log: Log;
}

/** Fits a pool to what there is to do, within bounds: larger at once, smaller after half a minute in which less would have done. */
export class Autoscaler {
  private current: AutoscaleBounds | undefined;
  private readonly ticker: Ticker;
  /** When the size was last needed, monotonic ms. */
  private neededAt = 0;

  constructor(private readonly deps: AutoscalerDeps) {
    const { clock, log } = deps;
    this.ticker = new Ticker({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, firstAfterMs: LOOK_EVERY_MS },
      afterFailure: { kind: 'fixed', delayMs: LOOK_EVERY_MS, maxDelayMs: LOOK_EVERY_MS, jitter: false },
      failure: 'the pool could not be fitted to what there is to do; tried again',
      run: () => this.fit(),
    });
  }

  /** Undefined: it leaves the pool alone. */
  get bounds(): AutoscaleBounds | undefined {
    return this.current;
  }

  /** @throws RangeError */
  async set({ max, min }: AutoscaleBounds): Promise<void> {
    const { most } = this.deps.pool;
    if (!Number.isInteger(max) || !Number.isInteger(min) || min < 1 || max < min || max > most)
      throw new RangeError(`autoscale: max and min are whole numbers, 1 <= min <= max <= ${most}`);
    this.current = { max, min };
    await this.fit();
  }

  start(): void {
    this.neededAt = this.deps.clock.monotonic();
    void this.ticker.start();
  }

  /** Resolves when no look is under way. Idempotent. */
  stop(): Promise<void> {
    return this.ticker.stop();
  }

  /** Grows or shrinks by hand: where the bounds do not allow it, they follow. @throws RangeError */
  async resize(size: number): Promise<void> {
    await this.deps.pool.resize(size);
    this.neededAt = this.deps.clock.monotonic();
    if (this.current) this.current = { max: Math.max(this.current.max, size), min: Math.min(this.current.min, size) };
  }

  private async fit(): Promise<void> {
    const { pool, clock, log } = this.deps;
    if (!this.current) return;
    const { max, min } = this.current;
    const { size, demand } = pool;
    const wanted = Math.min(max, Math.max(min, demand));
    const now = clock.monotonic();
    if (wanted >= size) this.neededAt = now;
    const to = size > max ? max : wanted < size && now - this.neededAt < KEEP_MS ? size : wanted;
    if (to === size) return;
    await pool.resize(to);
    log.debug({ from: size, to, demand }, 'the pool follows what there is to do');
  }
}
