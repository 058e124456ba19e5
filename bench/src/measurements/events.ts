import type { TestProcess } from '@lovage/testing/start-process';
import { treeSeconds } from '../measure/cpu.ts';
import { watched } from '../measure/watch-cpu.ts';
import type { MeasuredRun, ReportRow } from '../report/row.ts';
import type { ChildEnv } from '../stand/child.ts';
import { openMonitor } from '../stand/monitor.ts';
import { Lovage } from '../systems/lovage.ts';
import type { Measurement } from './measurement.ts';
import { drain } from './runs.ts';

const CONTRACTS = { full: 'bench.add_full', final: 'bench.add_final' } as const;
type RecordMode = keyof typeof CONTRACTS;
const RECORDS = ['full', 'final'] as const;
/** How a worker tells of its tasks: not at all, while nobody listens, and while somebody does. */
const HOW = ['off', 'unheard', 'heard'] as const;
type How = (typeof HOW)[number];
type Figures = { readonly rate: MeasuredRun; readonly cpu: MeasuredRun };

/** Tells what its worker has spent from its start to its stop. */
class MeteredLovage extends Lovage {
  /** CPU seconds. */
  spent = 0;

  override async startWorker(env: ChildEnv = {}): Promise<TestProcess> {
    const worker = await super.startWorker(env);
    const before = treeSeconds(worker.pid);
    const stop = worker[Symbol.asyncDispose].bind(worker);
    return Object.assign(worker, {
      [Symbol.asyncDispose]: () => {
        this.spent = treeSeconds(worker.pid) - before;
        return stop();
      },
    });
  }
}

export const events: Measurement = {
  name: 'events',
  about:
    "drains with Celery's events off, while nobody listens, and while somebody does: tasks a second, worker's CPU a task",
  async run({ stand, options, progress }) {
    const n = options.tasks;
    const figures = new Map<string, Figures[]>();
    const measure = async (record: RecordMode, how: How): Promise<void> => {
      const workerEnv = how === 'off' ? { WORKER_CELERY_EVENTS: 'off' } : {};
      const system = new MeteredLovage(stand, { name: record, contract: CONTRACTS[record], workerEnv });
      const monitor = how === 'heard' ? await openMonitor(stand.amqpUrl) : undefined;
      try {
        const { rate, cpu } = await watched(stand.database, async () => {
          const drained = await drain(system, n);
          return { rate: drained, cpu: (system.spent * 1e6) / n };
        });
        const key = `${record} ${how}`;
        figures.set(key, [...(figures.get(key) ?? []), { rate, cpu }]);
        const told = monitor ? `, ${monitor.heard.events} events in ${monitor.heard.messages} messages` : '';
        const load = `other load ${rate.foreign.toFixed(2)}`;
        progress(`${key}: ${Math.round(rate.value)} /s, ${cpu.value.toFixed(1)} µs of CPU a task${told} (${load})`);
        // Those of the first tasks may pass before the worker knows that somebody listens.
        if (monitor && monitor.heard.events < n) throw new Error('the monitor was not told of the tasks');
      } finally {
        await monitor?.[Symbol.asyncDispose]();
        await system.reset();
      }
    };
    for (let round = 0; round < options.rounds; round += 1)
      for (const record of RECORDS) for (const how of HOW) await measure(record, how);
    return RECORDS.flatMap((record) =>
      (['unheard', 'heard'] as const).flatMap((how) => rowsOf(record, how, (of) => figures.get(`${record} ${of}`)!)),
    );
  },
};

function rowsOf(record: RecordMode, how: How, figures: (how: How) => readonly Figures[]): ReportRow[] {
  const listens = how === 'heard' ? 'a monitor listens' : 'nobody listens';
  return (['rate', 'cpu'] as const).map((figure) => ({
    measurement: 'events',
    name: `drain, record: '${record}', ${listens}${figure === 'cpu' ? ', CPU of the worker a task' : ''}`,
    unit: figure === 'cpu' ? 'µs' : '/s',
    runs: figures(how).map((one) => one[figure]),
    reference: { name: 'events off', runs: figures('off').map((one) => one[figure]) },
    // The rate tells little beside others; the CPU of one process does.
    bar: figure === 'cpu' && how === 'unheard' ? { of: 'ratio', atMost: 1.15 } : undefined,
  }));
}
