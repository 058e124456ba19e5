/** Source of time and timers, so that tests decide what time it is. Times that decide anything between processes are Postgres' `now()`, not this. */
export interface Clock {
  /** Wall clock, ms since the epoch. */
  now(): number;
  /** Monotonic, ms; for durations. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`; returns how to call it off. The timer does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
