import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { within } from '../within.ts';
import type { Bench } from './bench.ts';
import type { BrokerChild, ChildReport, BrokerChildTask } from './under-test.ts';

export interface ChildOrder extends BrokerChildTask {
  readonly module: string;
  readonly options: unknown;
}

/** Runs the adapter in a process of its own; killed after the test. */
export function startChild(bench: Bench, task: BrokerChildTask): BrokerChild {
  const { holder } = bench.underTest;
  if (holder && task.mode === 'hold') return holder(task);
  const hooks = new URL('../../../../tools/ts-hooks.mjs', import.meta.url).href;
  const child: ChildProcess = fork(fileURLToPath(new URL('./child-main.ts', import.meta.url)), [], {
    execArgv: ['--conditions=@lovage/source', '--import', hooks],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const reports: ChildReport[] = [];
  let wake = (): void => undefined;
  child.on('message', (report: ChildReport) => {
    reports.push(report);
    wake();
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  const order: ChildOrder = { ...task, ...bench.underTest.child };
  child.send(order);
  bench.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    async next(kind) {
      while (reports.length === 0) {
        await within(30_000, `a report (${kind}) of the child process`, new Promise<void>((ok) => (wake = ok)));
      }
      const report = reports.shift()!;
      if (report.kind !== kind) {
        throw new Error(`the child process reported ${report.kind} instead of ${kind}: ${report.error ?? ''}`);
      }
      return report;
    },
  };
}
