import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { within } from '../within.ts';
import type { Bench } from './bench.ts';

/** What a child process is told to do; see `child-main.ts`. */
export interface ChildTask {
  /** `hold`: consume and keep. `stop`: start everything, stop, and end by itself. */
  readonly mode: 'hold' | 'stop';
  readonly queue: string;
  readonly prefetch: number;
  /** Acks this many deliveries before it holds. */
  readonly ackFirst: number;
}

export interface ChildOrder extends ChildTask {
  readonly module: string;
  readonly options: unknown;
}

export interface ChildReport {
  readonly kind: 'delivery' | 'stopped' | 'failed';
  readonly body?: string;
  readonly error?: string;
}

export interface Child {
  /** The next report, which must be of this kind. */
  next(kind: ChildReport['kind']): Promise<ChildReport>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Runs the adapter in a process of its own; killed after the test. */
export function startChild(bench: Bench, task: ChildTask): Child {
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
