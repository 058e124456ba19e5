import { watched } from '../measure/watch-cpu.ts';
import type { MeasuredRun } from '../report/row.ts';
import { Lovage } from '../systems/lovage.ts';
import { callLatency } from './latency.ts';
import type { Measurement } from './measurement.ts';
import { endToEnd } from './runs.ts';

export const embedded: Measurement = {
  name: 'embedded',
  about: 'the broker inside PostgreSQL: tasks a second end to end, and latency; record full',
  async run({ stand, options, progress }) {
    const lovage = new Lovage(stand, { name: 'embedded', contract: 'bench.add_full', broker: 'postgres' });
    const rates: MeasuredRun[] = [];
    const times: MeasuredRun[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      rates.push((await watched(stand.database, async () => ({ rate: await endToEnd(lovage, options.tasks) }))).rate);
      times.push((await watched(stand.database, () => callLatency(lovage, options.seconds))).p50);
      progress(`${Math.round(rates[round]!.value)}/s, p50 ${times[round]!.value.toFixed(2)} ms`);
    }
    await lovage.reset();
    const of = { measurement: 'embedded', reference: undefined };
    return [
      { ...of, name: 'embedded broker, end to end', unit: '/s', runs: rates, bar: { of: 'value', atLeast: 2500 } },
      { ...of, name: 'embedded broker, latency p50', unit: 'ms', runs: times, bar: { of: 'value', atMost: 8 } },
    ];
  },
};
