import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { treeMemoryMb } from '../measure/cpu.ts';
import { watchConfirms } from '../measure/confirms.ts';
import { percentiles } from '../measure/statistics.ts';
import { watched } from '../measure/watch-cpu.ts';
import type { ReportRow } from '../report/row.ts';
import { startNode } from '../stand/child.ts';
import { Lovage } from '../systems/lovage.ts';
import type { Context, Measurement } from './measurement.ts';
import { counted } from './runs.ts';

const DELAY_MS = 5000;
const RATE = 800;
const SETTLE_MS = 2000;

async function delayedRun({ stand, options }: Context, lovage: Lovage) {
  const n = Math.ceil(options.tasks / 4);
  await lovage.reset();
  await using worker = await lovage.startWorker();
  const main = fileURLToPath(import.meta.resolve('@lovage/beat'));
  await using _beat = await startNode(main, [], { ...lovage.env(), LOG_LEVEL: 'info' }, /beat/);
  await sleep(SETTLE_MS);
  const idle = treeMemoryMb(worker.pid);
  let most = idle;
  const confirms = await watchConfirms(stand.amqpUrl);
  const looking = setInterval(() => (most = Math.max(most, treeMemoryMb(worker.pid))), 250);
  try {
    // While all of them wait and none is due: what the worker holds for them.
    await lovage.produce('delayed', n, RATE, DELAY_MS);
    await counted(lovage, n);
  } finally {
    clearInterval(looking);
  }
  const confirm = percentiles(await confirms.stop());
  const { rows } = await stand.db.query<{ late: number }>(
    `select result::text::float8 as late from tasks where state = 'SUCCESS' and name = 'bench.late'`,
  );
  if (rows.length !== n) throw new Error(`${rows.length} of ${n} delayed tasks ran`);
  const late = rows.map((row) => row.late);
  const { p50, p99 } = percentiles(late);
  const early = late.filter((ms) => ms < -1).length;
  return { p50, p99, early, memory: most - idle, confirmP50: confirm.p50, confirmP99: confirm.p99 };
}

export const lateness: Measurement = {
  name: 'lateness',
  about: `ms that tasks of a delay of ${DELAY_MS / 1000} s run too late, ${RATE} of them a second`,
  async run(context) {
    const { stand, options, progress } = context;
    const lovage = new Lovage(stand, { name: 'delayed', contract: 'bench.late' });
    const runs: Awaited<ReturnType<typeof watchedRun>>[] = [];
    const watchedRun = () => watched(stand.database, () => delayedRun(context, lovage));
    for (let round = 0; round < options.rounds; round += 1) {
      const run = await watchedRun();
      runs.push(run);
      progress(
        `late by p50 ${run.p50.value.toFixed(1)} ms, p99 ${run.p99.value.toFixed(1)} ms; a confirmed publish ${run.confirmP50.value.toFixed(1)}, ${run.confirmP99.value.toFixed(1)}`,
      );
    }
    await lovage.reset();
    const row = (
      name: string,
      unit: string,
      figure: keyof (typeof runs)[number],
      atMost: number | undefined,
    ): ReportRow => ({
      measurement: 'lateness',
      name,
      unit,
      runs: runs.map((run) => run[figure]),
      reference: undefined,
      bar: atMost === undefined ? undefined : { of: 'value', atMost },
    });
    // Beside what the server takes for one confirm under the same load: that holds on a machine half as fast as well.
    const besideConfirm = (
      at: 'p50' | 'p99',
      confirm: 'confirmP50' | 'confirmP99',
      atMost: number | undefined,
    ): ReportRow => ({
      ...row(`delay of 5 s, late by, ${at}`, 'ms', at, undefined),
      reference: { name: 'confirmed publish', runs: runs.map((run) => run[confirm]) },
      bar: atMost === undefined ? undefined : { of: 'ratio', atMost },
    });
    return [
      row('delay of 5 s, late by, p50', 'ms', 'p50', 15),
      row('delay of 5 s, late by, p99', 'ms', 'p99', 60),
      besideConfirm('p50', 'confirmP50', undefined),
      besideConfirm('p99', 'confirmP99', 6),
      row('delay of 5 s, too early', 'tasks', 'early', 0),
      row('delay of 5 s, more memory of the worker', 'MB', 'memory', 45),
    ];
  },
};
