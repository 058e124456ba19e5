import { mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Where handlers write down that they run: a folder. */
export const RUNS_VARIABLE = 'LOVAGE_CHAOS_RUNS';

/**
 * Counts executions, from inside the handler. A line is handed to the system before the handler goes on, so it outlives a
 * SIGKILL of the process; each process has a file of its own.
 */
export class RunLog {
  private constructor(private readonly fd: number) {}

  /** @throws Error when no folder is named. */
  static open(folder = process.env[RUNS_VARIABLE]): RunLog {
    if (folder === undefined) throw new Error(`${RUNS_VARIABLE} names no folder: these tasks are the scenarios' own`);
    mkdirSync(folder, { recursive: true });
    return new RunLog(openSync(join(folder, `${process.pid}-${Date.now()}`), 'a'));
  }

  add(id: string): void {
    writeSync(this.fd, `${id}\n`);
  }
}

/** How often each task was run, of all processes. */
export function readRuns(folder: string): Map<string, number> {
  const runs = new Map<string, number>();
  for (const name of readdirSync(folder)) {
    for (const id of readFileSync(join(folder, name), 'utf8').split('\n')) {
      if (id !== '') runs.set(id, (runs.get(id) ?? 0) + 1);
    }
  }
  return runs;
}
