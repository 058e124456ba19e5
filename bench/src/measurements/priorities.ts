import { watched } from '../measure/watch-cpu.ts';
import type { MeasuredRun } from '../report/row.ts';
import { Lovage } from '../systems/lovage.ts';
import type { Measurement } from './measurement.ts';
import { drain, endToEnd } from './runs.ts';

const WAYS = { 'end to end': endToEnd, drain } as const;

export const priorities: Measurement = {
  name: 'priorities',
  about: 'tasks a second of all priorities, round-robin, against the same without any; record full',
  async run({ stand, options, progress }) {
    const contract = 'bench.add_full';
    const without = new Lovage(stand, { name: 'without', contract });
    const mixed = new Lovage(stand, { name: 'priorities', contract, priorities: true });
    const rows = Object.entries(WAYS).map(([way, measure]) => ({
      way,
      measure,
      ours: [] as MeasuredRun[],
      theirs: [] as MeasuredRun[],
    }));
    for (let round = 0; round < options.rounds; round += 1) {
      for (const { way, measure, ours, theirs } of rows) {
        const rate = async (system: Lovage): Promise<MeasuredRun> =>
          (await watched(stand.database, async () => ({ rate: await measure(system, options.tasks) }))).rate;
        theirs.push(await rate(without));
        ours.push(await rate(mixed));
        progress(`${way}: ${Math.round(ours[round]!.value)}/s, without ${Math.round(theirs[round]!.value)}/s`);
      }
    }
    await mixed.reset();
    return rows.map(({ way, ours, theirs }) => ({
      measurement: 'priorities',
      name: `${way}, priorities 0 to 9`,
      unit: '/s',
      runs: ours,
      reference: { name: 'without', runs: theirs },
      bar: undefined,
    }));
  },
};
