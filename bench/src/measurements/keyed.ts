import { watched } from '../measure/watch-cpu.ts';
import type { MeasuredRun } from '../report/row.ts';
import { Lovage } from '../systems/lovage.ts';
import { IN_FLIGHT, type Produced } from '../systems/system.ts';
import type { Measurement } from './measurement.ts';

/** As `processes/lovage-producer.ts` knows them; the first one is what the others stand against. */
const WAYS = ['plain', 'key', 'unique'] as const;
type Way = (typeof WAYS)[number];

export const keyed: Measurement = {
  name: 'keyed',
  about: 'submits a second with an idempotency key, and of unique tasks, against plain ones; no worker',
  async run({ stand, options, progress }) {
    const lovage = new Lovage(stand, { name: 'keyed', contract: 'bench.add_full' });
    const runs: Record<Way, MeasuredRun[]> = { plain: [], key: [], unique: [] };
    const submitted = async (way: Way): Promise<{ rate: number }> => {
      await lovage.reset();
      const { start, end } = await lovage.produce<Produced>('keyed', way, options.tasks, IN_FLIGHT);
      const { rows } = await stand.db.query<{ n: string }>('select count(*) as n from tasks');
      if (Number(rows[0]!.n) !== options.tasks) throw new Error(`${rows[0]!.n} of ${options.tasks} tasks are there`);
      return { rate: (options.tasks * 1000) / (end - start) };
    };
    for (let round = 0; round < options.rounds; round += 1) {
      for (const way of WAYS) runs[way].push((await watched(stand.database, () => submitted(way))).rate);
      progress(WAYS.map((way) => `${way} ${Math.round(runs[way][round]!.value)}/s`).join(', '));
    }
    await lovage.reset();
    const row = (name: string, way: Way, atLeast: number) => ({
      ...{ measurement: 'keyed', name, unit: '/s', runs: runs[way] },
      reference: { name: 'plain submits', runs: runs.plain },
      bar: { of: 'ratio' as const, atLeast },
    });
    return [row('submits with an idempotency key', 'key', 0.4), row('submits of unique tasks', 'unique', 0.25)];
  },
};
