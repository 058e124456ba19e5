import { nowMs } from './tell.ts';

/** Where nothing is stored the worker itself says when it is through: after so many tasks. */
const target = Number(process.env['BENCH_COUNT'] ?? 0);
let count = 0;
let first = 0;

export function countRun(): void {
  if (count === 0) first = nowMs();
  count += 1;
  if (count === target) process.stdout.write(`DONE ${JSON.stringify({ count, first, last: nowMs() })}\n`);
}
