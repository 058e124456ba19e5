import { setTimeout as sleep } from 'node:timers/promises';
import { treeMemoryMb } from '../measure/cpu.ts';
import { percentiles } from '../measure/statistics.ts';
import { watched } from '../measure/watch-cpu.ts';
import type { ReportRow, MeasuredRun } from '../report/row.ts';
import { Lovage } from '../systems/lovage.ts';
import { IN_FLIGHT, type Produced } from '../systems/system.ts';
import type { Context, Measurement } from './measurement.ts';

/** Calls of others, a second. */
const RATE = 50;
const SETTLE_MS = 2000;
/** Nobody serves it: what is measured is the submit, not the run. */
const CHILDREN = 'bench.children';

type Figure = 'rate' | 'keyedRate' | 'producer' | 'memory' | 'p50' | 'p99' | 'p50Quiet' | 'p99Quiet';

async function fanOutRun({ stand, options }: Context, lovage: Lovage): Promise<Record<Figure, number>> {
  const children = options.tasks * 5;
  await lovage.reset();
  await stand.deleteQueue(CHILDREN);
  await using worker = await lovage.startWorker();
  await sleep(SETTLE_MS);
  const quiet = percentiles(await lovage.latency(RATE, RATE * options.seconds));
  const { start, end } = await lovage.produce<Produced>('submit', 'bench.child', options.tasks, IN_FLIGHT);
  const idle = treeMemoryMb(worker.pid);
  let most = idle;
  const looking = setInterval(() => (most = Math.max(most, treeMemoryMb(worker.pid))), 250);
  try {
    const [plain, took] = await Promise.all([
      fanOut(lovage, children, false),
      lovage.latency(RATE, RATE * options.seconds),
    ]);
    const busy = percentiles(took);
    const withKeys = await fanOut(lovage, children, true);
    const { rows } = await stand.db.query<{ n: string }>(
      `select count(*) as n from tasks where name = 'bench.child' and parent_id is not null`,
    );
    if (Number(rows[0]!.n) !== children * 2) throw new Error(`${rows[0]!.n} of ${children * 2} children are there`);
    return {
      rate: (children * 1000) / plain,
      keyedRate: (children * 1000) / withKeys,
      producer: (options.tasks * 1000) / (end - start),
      memory: most - idle,
      ...{ p50: busy.p50, p99: busy.p99, p50Quiet: quiet.p50, p99Quiet: quiet.p99 },
    };
  } finally {
    clearInterval(looking);
  }
}

/** How long one handler takes to submit them, ms. */
async function fanOut(lovage: Lovage, children: number, withKeys: boolean): Promise<number> {
  return (await lovage.produce<{ ms: number }>('fan-out', children, withKeys ? 1 : 0)).ms;
}

export const fanOutMeasurement: Measurement = {
  name: 'fan-out',
  about: 'children that one handler submits a second, memory of its worker, and latency of other tasks meanwhile',
  async run(context) {
    const { stand, options, progress } = context;
    const lovage = new Lovage(stand, { name: 'fan-out', contract: 'bench.add_full' });
    const runs: Record<Figure, MeasuredRun>[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const run = await watched(stand.database, () => fanOutRun(context, lovage));
      runs.push(run);
      const { rate, keyedRate, memory, p50 } = run;
      progress(
        `${Math.round(rate.value)}/s, with keys ${Math.round(keyedRate.value)}/s, + ${memory.value.toFixed(1)} MB, others p50 ${p50.value.toFixed(1)} ms`,
      );
    }
    await stand.deleteQueue(CHILDREN);
    await lovage.reset();
    const children = options.tasks * 5;
    const row = (
      name: string,
      unit: string,
      figure: Figure,
      against: [string, Figure] | undefined,
      bar: ReportRow['bar'],
    ): ReportRow => ({
      ...{ measurement: 'fan-out', name, unit, runs: runs.map((run) => run[figure]), bar },
      reference: against && { name: against[0], runs: runs.map((run) => run[against[1]]) },
    });
    return [
      row(`fan-out of ${children}, children`, '/s', 'rate', ['a producer', 'producer'], { of: 'ratio', atLeast: 0.8 }),
      row(`fan-out of ${children}, with keys`, '/s', 'keyedRate', ['a producer', 'producer'], {
        of: 'ratio',
        atLeast: 0.4,
      }),
      row(`fan-out of ${children} twice, more memory of the worker`, 'MB', 'memory', undefined, {
        of: 'value',
        atMost: 90,
      }),
      row(`others beside a fan-out, latency p50`, 'ms', 'p50', ['without', 'p50Quiet'], { of: 'ratio', atMost: 3 }),
      row(`others beside a fan-out, latency p99`, 'ms', 'p99', ['without', 'p99Quiet'], undefined),
    ];
  },
};
