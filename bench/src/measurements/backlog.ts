import { watched } from '../measure/watch-cpu.ts';
import type { MeasuredRun } from '../report/row.ts';
import { CONCURRENCY, Lovage, PREFETCH_MULTIPLIER } from '../systems/lovage.ts';
import type { Measurement } from './measurement.ts';
import { drain } from './runs.ts';

/** What is counted takes a third of a second, most of it in a worker that warms up: three rounds for one of the others. */
const ROUNDS = 3;

export const backlog: Measurement = {
  name: 'backlog',
  about: 'tasks a second with 100,000 waiting, against the same with 5,000; record full',
  async run({ stand, options, progress }) {
    const few = Math.ceil(options.tasks / 4);
    const many = options.tasks * 5;
    const lovage = new Lovage(stand, { name: 'full', contract: 'bench.add_full' });
    // These wait beyond what is counted: a worker that comes to the end of its queue has its last thousand tasks and none to
    // take in, which is less work, whatever the depth.
    const held = CONCURRENCY * PREFETCH_MULTIPLIER;
    const rate = async (waiting: number): Promise<MeasuredRun> =>
      (await watched(stand.database, async () => ({ rate: await drain(lovage, waiting, few) }))).rate;
    const deep: MeasuredRun[] = [];
    const shallow: MeasuredRun[] = [];
    for (let round = 0; round < options.rounds * ROUNDS; round += 1) {
      shallow.push(await rate(few + held));
      deep.push(await rate(many));
      progress(`${many} waiting: ${Math.round(deep[round]!.value)}/s; ${few}: ${Math.round(shallow[round]!.value)}/s`);
    }
    await lovage.reset();
    return [
      {
        measurement: 'backlog',
        name: `drain with ${many} waiting`,
        unit: '/s',
        runs: deep,
        reference: { name: `with ${few}`, runs: shallow },
        bar: { of: 'ratio', atLeast: 0.9 },
      },
    ];
  },
};
