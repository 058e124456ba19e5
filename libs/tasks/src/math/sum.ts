/** Additions between two looks at the clock: some tenth of a millisecond. */
const BETWEEN_LOOKS = 100_000;

export interface SumOptions {
  /** Monotonic, ms. */
  readonly now: () => number;
  /** How long a slice holds the event loop, ms. Default 5: heartbeats and other tasks hardly notice. */
  readonly sliceMs?: number;
  readonly signal: AbortSignal;
}

/**
 * The sum of 1 … n, by addition. Lets the event loop breathe between slices, and ends there when the signal is aborted.
 * @throws the signal's reason
 */
export async function sumTo(n: number, { now, sliceMs = 5, signal }: SumOptions): Promise<number> {
  let sum = 0;
  let next = 1;
  signal.throwIfAborted();
  for (;;) {
    const sliceEnds = now() + sliceMs;
    do {
      const stop = Math.min(n, next + BETWEEN_LOOKS - 1);
      for (; next <= stop; next += 1) sum += next;
    } while (next <= n && now() < sliceEnds);
    if (next > n) return sum;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}
