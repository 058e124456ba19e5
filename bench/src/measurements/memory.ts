import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { treeMemoryMb } from '../measure/cpu.ts';
import { watched } from '../measure/watch-cpu.ts';
import type { ReportRow, MeasuredRun } from '../report/row.ts';
import { startNode } from '../stand/child.ts';
import { Lovage } from '../systems/lovage.ts';
import { IN_FLIGHT } from '../systems/system.ts';
import type { Context, Measurement } from './measurement.ts';
import { counted } from './runs.ts';

/** Long enough for what a start leaves behind to be collected, ms. */
const SETTLE_MS = 5000;

type Figure = 'idle' | 'growth' | 'millionGrowth';

/** The worker's own program with every task that ships, idle and after 5 × `tasks`; resident memory, MB. */
async function workerMemory({ stand, options }: Context, lovage: Lovage): Promise<Partial<Record<Figure, number>>> {
  await lovage.reset();
  const main = fileURLToPath(import.meta.resolve('@lovage/worker'));
  await using worker = await startNode(main, ['-Q', 'bench'], lovage.env(), /\[tasks\]/);
  await sleep(SETTLE_MS);
  const idle = treeMemoryMb(worker.pid);
  const after = async (n: number): Promise<number> => {
    await lovage.produce('submit', 'math.add', n, IN_FLIGHT, 'bench');
    await counted(lovage, n);
    await sleep(SETTLE_MS);
    const now = treeMemoryMb(worker.pid);
    // Such a table would slow what comes next.
    await stand.db.query('truncate tasks, task_counts cascade');
    return now;
  };
  const loaded = await after(options.tasks * 5);
  if (!options.million) return { idle, growth: loaded - idle };
  for (let round = 0; round < 9; round += 1) await after(100_000);
  return { idle, growth: loaded - idle, millionGrowth: (await after(100_000)) - loaded };
}

export const memory: Measurement = {
  name: 'memory',
  about: 'MB that a worker with every task that ships holds, idle and after 100,000 tasks',
  async run(context) {
    const { stand, options, progress } = context;
    const lovage = new Lovage(stand, { name: 'worker', contract: 'math.add' });
    const runs: Partial<Record<Figure, MeasuredRun>>[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      runs.push(await watched(stand.database, () => workerMemory(context, lovage) as Promise<Record<Figure, number>>));
      progress(`idle ${runs[round]!.idle!.value.toFixed(1)} MB, then + ${runs[round]!.growth!.value.toFixed(1)} MB`);
    }
    await lovage.reset();
    const row = (name: string, figure: Figure, atMost: number): ReportRow => ({
      measurement: 'memory',
      name,
      unit: 'MB',
      runs: runs.map((run) => run[figure]!),
      reference: undefined,
      bar: { of: 'value', atMost },
    });
    const rows = [row('worker, idle', 'idle', 110), row(`worker, more after ${options.tasks * 5} tasks`, 'growth', 45)];
    // Flat: what a million tasks leave is no more than what one measurement differs from the next by.
    if (options.million) rows.push(row('worker, more after 1,000,000 further tasks', 'millionGrowth', 15));
    return rows;
  },
};
