import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../processes/tell.ts';
import { TIMEOUT_MS, type System } from '../systems/system.ts';

/** Between two looks at how many results there are, ms. */
const LOOK_MS = 20;
/** For a worker that has just started: what it loads late is not measured, ms. */
const SETTLE_MS = 1000;

/** Tasks a second from the first submit to the last stored result, with a worker that waits. */
export async function endToEnd(system: System, n: number): Promise<number> {
  await system.reset();
  await using _worker = await system.startWorker();
  await sleep(SETTLE_MS);
  const [{ start }, end] = await Promise.all([system.submit(n), counted(system, n)]);
  await mustBeRight(system, n);
  return (n * 1000) / (end.at - start);
}

/** Tasks a second that a worker does of those that wait: from the first results seen to the `n`th. */
export async function drain(system: System, waiting: number, n = waiting): Promise<number> {
  await system.reset();
  await system.submit(waiting);
  const first = counted(system, 1);
  await using _worker = await system.startWorker();
  const [begin, end] = await Promise.all([first, counted(system, n)]);
  if (n === waiting) await mustBeRight(system, n);
  // Whole within one look: then the look's own time is all there is to go by.
  return ((end.count - begin.count || n) * 1000) / Math.max(end.at - begin.at, LOOK_MS);
}

/** Resolves when there are n results. @throws Error when they do not come */
export async function counted(
  system: Pick<System, 'name' | 'count'>,
  n: number,
): Promise<{ at: number; count: number }> {
  const until = nowMs() + TIMEOUT_MS;
  for (;;) {
    const count = await system.count();
    const at = nowMs();
    if (count >= n) return { at, count };
    if (at > until) throw new Error(`${system.name}: ${count} of ${n} results after ${TIMEOUT_MS / 1000} s`);
    await sleep(LOOK_MS);
  }
}

async function mustBeRight(system: System, n: number): Promise<void> {
  const right = await system.countRight();
  if (right !== n) throw new Error(`${system.name}: ${right} of ${n} results are right`);
}
