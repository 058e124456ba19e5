import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from './tell.ts';

/** Calls `work` for 0 to n-1, at most `inFlight` at a time. */
export async function windowed(n: number, inFlight: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const submitter = async (): Promise<void> => {
    while (next < n) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, n) }, submitter));
}

/** Calls `work` for 0 to n-1, `rate` a second, whether or not earlier calls are done; resolves when all are. */
export async function paced(n: number, rate: number, work: (i: number) => Promise<unknown>): Promise<void> {
  const start = nowMs();
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < n; i += 1) {
    const wait = start + (i * 1000) / rate - nowMs();
    if (wait > 0.5) await sleep(wait);
    calls.push(work(i));
  }
  await Promise.all(calls);
}

/** How long each of n calls takes that are made `rate` a second, ms. */
export async function latencies(n: number, rate: number, call: (i: number) => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  await paced(n, rate, async (i) => {
    const start = nowMs();
    await call(i);
    took.push(nowMs() - start);
  });
  return took;
}
