import { watched } from '../measure/watch-cpu.ts';
import type { Bar, ReportRow, MeasuredRun } from '../report/row.ts';
import { Ideal } from '../systems/ideal.ts';
import { Lovage } from '../systems/lovage.ts';
import { openPeers } from '../systems/peers.ts';
import type { System } from '../systems/system.ts';
import type { Context, Measurement } from './measurement.ts';
import { drain, endToEnd } from './runs.ts';

type Way = 'end to end' | 'drain';

/** Which of ours is held against which of theirs; a peer's lines are there when it runs. */
const BARS: readonly { ours: string; way: Way; theirs: string; atLeast: number | undefined }[] = [
  { ours: 'final', way: 'end to end', theirs: 'ideal', atLeast: 0.7 },
  { ours: 'final', way: 'drain', theirs: 'ideal', atLeast: 0.6 },
  { ours: 'full', way: 'end to end', theirs: 'ideal', atLeast: 0.4 },
  { ours: 'full', way: 'drain', theirs: 'ideal', atLeast: 0.25 },
  { ours: 'final', way: 'drain', theirs: 'bullmq', atLeast: 1 },
  { ours: 'final', way: 'end to end', theirs: 'bullmq', atLeast: undefined },
  { ours: 'final', way: 'drain', theirs: 'bullmq-always', atLeast: 1 },
  { ours: 'final', way: 'end to end', theirs: 'bullmq-always', atLeast: 1 },
  { ours: 'full', way: 'drain', theirs: 'bullmq-always', atLeast: undefined },
  { ours: 'full', way: 'end to end', theirs: 'bullmq-always', atLeast: undefined },
  { ours: 'full', way: 'end to end', theirs: 'celery', atLeast: 15 },
  { ours: 'full', way: 'drain', theirs: 'celery', atLeast: 20 },
];

export const throughput: Measurement = {
  name: 'throughput',
  about: 'tasks a second, submit to stored result, and of those that wait; record full and final',
  async run({ stand, options, progress }: Context): Promise<ReportRow[]> {
    await using peers = await openPeers(stand, options.peers);
    const systems: System[] = [
      new Ideal(stand),
      new Lovage(stand, { name: 'final', contract: 'bench.add_final' }),
      new Lovage(stand, { name: 'full', contract: 'bench.add_full' }),
      ...peers.systems,
    ];
    const runs = new Map<string, MeasuredRun[]>();
    const keep = (system: System, way: Way, run: MeasuredRun): void => {
      const key = `${system.name} ${way}`;
      runs.set(key, [...(runs.get(key) ?? []), run]);
      progress(`${system.name}, ${way}: ${Math.round(run.value)}/s (other load ${run.foreign.toFixed(2)})`);
    };
    for (let round = 0; round < options.rounds; round += 1) {
      for (const system of systems) {
        const n = Math.max(1, Math.round(options.tasks * system.share));
        keep(
          system,
          'end to end',
          (await watched(stand.database, async () => ({ rate: await endToEnd(system, n) }))).rate,
        );
        keep(system, 'drain', (await watched(stand.database, async () => ({ rate: await drain(system, n) }))).rate);
      }
    }
    for (const system of systems) await system.reset();
    return BARS.filter(({ theirs }) => runs.has(`${theirs} drain`)).map(({ ours, way, theirs, atLeast }) => ({
      measurement: 'throughput',
      name: `${way}, record: '${ours}'`,
      unit: '/s',
      runs: runs.get(`${ours} ${way}`)!,
      reference: { name: theirs, runs: runs.get(`${theirs} ${way}`)! },
      bar: atLeast === undefined ? undefined : ({ of: 'ratio', atLeast } satisfies Bar),
    }));
  },
};
