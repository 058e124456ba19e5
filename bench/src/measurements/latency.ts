import { setTimeout as sleep } from 'node:timers/promises';
import { percentiles } from '../measure/statistics.ts';
import { watched } from '../measure/watch-cpu.ts';
import type { MeasuredRun } from '../report/row.ts';
import { Ideal } from '../systems/ideal.ts';
import { Lovage } from '../systems/lovage.ts';
import type { System } from '../systems/system.ts';
import type { Measurement } from './measurement.ts';

const RATE = 50;
const SETTLE_MS = 1000;

/** p50, p95 and p99 of calls at a low rate, ms. */
export async function callLatency(system: System, seconds: number): Promise<{ p50: number; p95: number; p99: number }> {
  await system.reset();
  await using _worker = await system.startWorker();
  await sleep(SETTLE_MS);
  const { p50, p95, p99 } = percentiles(await system.latency(RATE, RATE * seconds));
  return { p50, p95, p99 };
}

export const latency: Measurement = {
  name: 'latency',
  about: `ms from submit to the result at the waiting client, ${RATE} calls a second, record full`,
  async run({ stand, options, progress }) {
    const ideal = new Ideal(stand);
    const lovage = new Lovage(stand, { name: 'full', contract: 'bench.add_full' });
    const ours: Record<'p50' | 'p95' | 'p99', MeasuredRun>[] = [];
    const theirs: typeof ours = [];
    for (let round = 0; round < options.rounds; round += 1) {
      theirs.push(await watched(stand.database, () => callLatency(ideal, options.seconds)));
      ours.push(await watched(stand.database, () => callLatency(lovage, options.seconds)));
      const [mine, other] = [ours[round]!, theirs[round]!];
      progress(
        `p50 ${mine.p50.value.toFixed(2)} ms, p99 ${mine.p99.value.toFixed(2)} ms; ideal ${other.p50.value.toFixed(2)}, ${other.p99.value.toFixed(2)}`,
      );
    }
    await ideal.reset();
    await lovage.reset();
    return (['p50', 'p95', 'p99'] as const).map((at) => ({
      measurement: 'latency',
      name: `latency at ${RATE}/s, ${at}`,
      unit: 'ms',
      runs: ours.map((run) => run[at]),
      reference: { name: 'ideal', runs: theirs.map((run) => run[at]) },
      bar: at === 'p95' ? undefined : { of: 'ratio' as const, atMost: 2 },
    }));
  },
};
