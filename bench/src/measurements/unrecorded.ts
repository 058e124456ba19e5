import { watched } from '../measure/watch-cpu.ts';
import type { Bar, ReportRow, MeasuredRun } from '../report/row.ts';
import type { ChildEnv } from '../stand/child.ts';
import { Ideal } from '../systems/ideal.ts';
import { Lovage } from '../systems/lovage.ts';
import { TIMEOUT_MS, type System } from '../systems/system.ts';
import type { TestProcess } from '@lovage/testing/start-process';
import type { Measurement } from './measurement.ts';

/** Nothing is stored, so nothing can be counted: the worker tells when it ran the first and the last. */
async function drainUnrecorded(
  system: System,
  startWorker: (env: ChildEnv) => Promise<TestProcess>,
  n: number,
): Promise<{ rate: number }> {
  await system.reset();
  await system.submit(n);
  await using worker = await startWorker({ BENCH_COUNT: String(n) });
  const line = await worker.line(/^DONE /, { timeoutMs: TIMEOUT_MS });
  const { first, last } = JSON.parse(line.slice('DONE '.length)) as { first: number; last: number };
  return { rate: (n * 1000) / (last - first) };
}

export const unrecorded: Measurement = {
  name: 'unrecorded',
  about: "tasks a second of those that wait, record: 'none', beside a loop that takes and acks",
  async run({ stand, options, progress }) {
    const n = options.tasks * 2;
    const ideal = new Ideal(stand);
    const lovage = new Lovage(stand, { name: 'none', contract: 'bench.add_none' });
    const runs: Record<'ours' | 'each' | 'together', MeasuredRun[]> = { ours: [], each: [], together: [] };
    const drained = async (system: System, start: (env: ChildEnv) => Promise<TestProcess>): Promise<MeasuredRun> =>
      (await watched(stand.database, () => drainUnrecorded(system, start, n))).rate;
    for (let round = 0; round < options.rounds; round += 1) {
      for (const how of ['each', 'together'] as const)
        runs[how].push(await drained(ideal, (env) => ideal.startConsumeAck(how, env)));
      runs.ours.push(await drained(lovage, (env) => lovage.startWorker(env)));
      const [ours, each, together] = [runs.ours, runs.each, runs.together].map((all) => Math.round(all[round]!.value));
      progress(`none: ${ours}/s, an ack each: ${each}/s, acked together: ${together}/s`);
    }
    await ideal.reset();
    await lovage.reset();
    const row = (reference: string, theirs: MeasuredRun[], bar: Bar | undefined): ReportRow => ({
      measurement: 'unrecorded',
      name: "drain, record: 'none'",
      unit: '/s',
      runs: runs.ours,
      reference: { name: reference, runs: theirs },
      bar,
    });
    // The bar is held against a message taken and acked by itself. Together they show how far a loop can go that asks nothing of them.
    return [
      row('consume + ack', runs.each, { of: 'ratio', atLeast: 0.8 }),
      row('acked together', runs.together, undefined),
    ];
  },
};
