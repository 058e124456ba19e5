import { watched } from '../measure/watch-cpu.ts';
import type { MeasuredRun, ReportRow } from '../report/row.ts';
import { openRedis } from '../stand/redis.ts';
import { bullmqOn } from '../systems/bullmq.ts';
import { Lovage } from '../systems/lovage.ts';
import type { System } from '../systems/system.ts';
import { callLatency } from './latency.ts';
import type { Measurement } from './measurement.ts';
import { drain, endToEnd } from './runs.ts';

/** As BullMQ's worker has it. */
const CONCURRENCY = 50;
const FIGURES = ['end to end', 'drain', 'p50'] as const;
type Figure = (typeof FIGURES)[number];

export const redis: Measurement = {
  name: 'redis',
  about:
    'Redis as the broker, appendfsync everysec, 50 at a time: tasks a second and latency; beside BullMQ on that Redis',
  async run({ stand, options, progress }) {
    await using server = await openRedis(stand, 'everysec');
    const ours = { broker: server, concurrency: CONCURRENCY };
    const final = new Lovage(stand, { name: 'final', contract: 'bench.add_final', ...ours });
    const full = new Lovage(stand, { name: 'full', contract: 'bench.add_full', ...ours });
    const peer = options.peers.includes('bullmq') ? bullmqOn(server) : undefined;
    const systems: System[] = [final, full, ...(peer ? [peer] : [])];
    const runs = new Map<string, MeasuredRun[]>();
    const keep = (system: System, figure: Figure, run: MeasuredRun): void => {
      const key = `${system.name} ${figure}`;
      runs.set(key, [...(runs.get(key) ?? []), run]);
      progress(
        `${system.name}, ${figure}: ${run.value.toFixed(figure === 'p50' ? 2 : 0)} (other load ${run.foreign.toFixed(2)})`,
      );
    };
    const rate = async (measure: () => Promise<number>): Promise<MeasuredRun> =>
      (await watched(stand.database, async () => ({ rate: await measure() }))).rate;
    for (let round = 0; round < options.rounds; round += 1) {
      for (const system of systems) {
        keep(system, 'end to end', await rate(() => endToEnd(system, options.tasks)));
        keep(system, 'drain', await rate(() => drain(system, options.tasks)));
        keep(system, 'p50', (await watched(stand.database, () => callLatency(system, options.seconds))).p50);
      }
    }
    for (const system of systems) await system.reset();
    return [final, full].flatMap(({ name }) =>
      FIGURES.map((figure): ReportRow => {
        const isRate = figure !== 'p50';
        return {
          measurement: 'redis',
          name: isRate ? `Redis, ${figure}, record: '${name}'` : `Redis, latency p50, record: '${name}'`,
          unit: isRate ? '/s' : 'ms',
          runs: runs.get(`${name} ${figure}`)!,
          reference: peer && { name: 'bullmq', runs: runs.get(`${peer.name} ${figure}`)! },
          bar: peer && isRate && name === 'final' ? { of: 'ratio', atLeast: 1 } : undefined,
        };
      }),
    );
  },
};
