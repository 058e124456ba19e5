import { watched } from '../measure/watch-cpu.ts';
import type { Run } from '../report/row.ts';
import type { Env } from '../stand/child.ts';
import { Ideal } from '../systems/ideal.ts';
import { Lovage } from '../systems/lovage.ts';
import { TIMEOUT_MS, type System } from '../systems/system.ts';
import type { TestProcess } from '@lovage/testing/start-process';
import type { Measurement } from './measurement.ts';

/** Nothing is stored, so nothing can be counted: the worker tells when it ran the first and the last. */
async function drainUnrecorded(
  system: System,
  startWorker: (env: Env) => Promise<TestProcess>,
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
    const ours: Run[] = [];
    const theirs: Run[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const reference = () => drainUnrecorded(ideal, (env) => ideal.startConsumeAck(env), n);
      theirs.push((await watched(stand.database, reference)).rate);
      ours.push(
        (await watched(stand.database, () => drainUnrecorded(lovage, (env) => lovage.startWorker(env), n))).rate,
      );
      progress(`none: ${Math.round(ours[round]!.value)}/s, consume and ack: ${Math.round(theirs[round]!.value)}/s`);
    }
    await ideal.reset();
    await lovage.reset();
    return [
      {
        measurement: 'unrecorded',
        name: "drain, record: 'none'",
        unit: '/s',
        runs: ours,
        reference: { name: 'consume + ack', runs: theirs },
        bar: { of: 'ratio', atLeast: 0.8 },
      },
    ];
  },
};
