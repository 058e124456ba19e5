/** Source of time and timers, so that tests decide what time it is. Times that decide anything between processes are Postgres' `now()`, not this. */
export interface Clock {
  /** Wall clock, ms since the epoch. */
  now(): number;
  /** Monotonic, ms; for durations. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`; returns how to cancel it. The timer does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** Longest wait of one timer of Node; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    if (delayMs > MAX_TIMER_MS) return afterLong(delayMs, run);
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

function afterLong(delayMs: number, run: () => void): () => void {
  let cancelTimer = systemClock.after(MAX_TIMER_MS, () => {
    cancelTimer = systemClock.after(delayMs - MAX_TIMER_MS, run);
  });
  return () => cancelTimer();
}
