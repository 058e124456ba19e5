import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { treeMemoryMb } from '../measure/cpu.ts';
import { watched } from '../measure/watch-cpu.ts';
import type { ReportRow, MeasuredRun } from '../report/row.ts';
import { startNode } from '../stand/child.ts';
import { Lovage } from '../systems/lovage.ts';
import { IN_FLIGHT } from '../systems/system.ts';
import type { Context, Measurement } from './measurement.ts';
import { counted } from './runs.ts';

const DAY_MS = 24 * 3600 * 1000;
const SETTLE_MS = 3000;

type Figure = 'alone' | 'beside' | 'memory' | 'messages';

interface Waiting {
  readonly memory: number;
  readonly messages: number;
}

/** Tasks a second of a worker that has warmed up, beside a beat; before it has, what `prepare` finds. */
async function rate<T>(
  { options }: Context,
  lovage: Lovage,
  prepare: (workerPid: number) => Promise<T>,
): Promise<T & { rate: number }> {
  await lovage.reset();
  await using worker = await lovage.startWorker();
  const main = fileURLToPath(import.meta.resolve('@lovage/beat'));
  await using _beat = await startNode(main, [], { ...lovage.env(), LOG_LEVEL: 'info' }, /beat/);
  await sleep(SETTLE_MS);
  const prepared = await prepare(worker.pid);
  const { tasks } = options;
  await lovage.submit(tasks);
  await counted(lovage, tasks);
  const [{ start }, end] = await Promise.all([lovage.submit(tasks), counted(lovage, 2 * tasks)]);
  return { ...prepared, rate: (tasks * 1000) / (end.at - start) };
}

async function submitForTomorrow({ stand, options }: Context, lovage: Lovage, workerPid: number): Promise<Waiting> {
  const before = treeMemoryMb(workerPid);
  await lovage.produce('later', options.tasks * 5, IN_FLIGHT, DAY_MS);
  await sleep(SETTLE_MS);
  return { memory: treeMemoryMb(workerPid) - before, messages: await stand.depth('bench') };
}

async function oneRun(context: Context, lovage: Lovage): Promise<Record<Figure, number>> {
  const { rate: alone } = await rate(context, lovage, () => Promise.resolve({}));
  const { rate: beside, ...waiting } = await rate(context, lovage, (pid) => submitForTomorrow(context, lovage, pid));
  return { alone, beside, ...waiting };
}

export const tomorrow: Measurement = {
  name: 'tomorrow',
  about: 'what a worker has of 100,000 tasks that are due tomorrow: memory, messages, tasks a second beside them',
  async run(context) {
    const { stand, options, progress } = context;
    const lovage = new Lovage(stand, { name: 'full', contract: 'bench.add_full' });
    const runs: Record<Figure, MeasuredRun>[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const run = await watched(stand.database, () => oneRun(context, lovage));
      runs.push(run);
      progress(
        `alone ${Math.round(run.alone.value)}/s, beside them ${Math.round(run.beside.value)}/s, ` +
          `${run.memory.value.toFixed(1)} MB more, ${run.messages.value} messages`,
      );
    }
    await lovage.reset();
    const of = (figure: Figure): MeasuredRun[] => runs.map((run) => run[figure]);
    const many = options.tasks * 5;
    const row = (name: string, unit: string, figure: Figure, atMost: number): ReportRow => ({
      measurement: 'tomorrow',
      name: `${many} due tomorrow: ${name}`,
      unit,
      runs: of(figure),
      reference: undefined,
      bar: { of: 'value', atMost },
    });
    return [
      // None of it is theirs: what one look at a process that does nothing differs from the next by.
      row('more memory of the worker', 'MB', 'memory', 5),
      row('messages in the broker', '', 'messages', 0),
      {
        measurement: 'tomorrow',
        name: `end to end beside ${many} due tomorrow`,
        unit: '/s',
        runs: of('beside'),
        reference: { name: 'without', runs: of('alone') },
        bar: { of: 'ratio', atLeast: 0.9 },
      },
    ];
  },
};
