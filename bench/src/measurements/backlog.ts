import { watched } from '../measure/watch-cpu.ts';
import type { Run } from '../report/row.ts';
import { Lovage } from '../systems/lovage.ts';
import type { Measurement } from './measurement.ts';
import { drain } from './runs.ts';

export const backlog: Measurement = {
  name: 'backlog',
  about: 'tasks a second with 100,000 waiting, against the same with 5,000; record full',
  async run({ stand, options, progress }) {
    const few = Math.ceil(options.tasks / 4);
    const many = options.tasks * 5;
    const lovage = new Lovage(stand, { name: 'full', contract: 'bench.add_full' });
    const deep: Run[] = [];
    const shallow: Run[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      shallow.push((await watched(stand.database, async () => ({ rate: await drain(lovage, few) }))).rate);
      deep.push((await watched(stand.database, async () => ({ rate: await drain(lovage, many, few) }))).rate);
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
