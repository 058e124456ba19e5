import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { guardProcess } from '@lovage/processes';

export interface ChaosServerSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment: nothing of this process's own reaches it. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Both its streams are added to this file. */
  readonly logFile: string;
  /** With an IPC channel, over which an app says `ready`. */
  readonly ipc?: boolean;
}

/** One run of a program in a process group of its own. Should this process be killed, the group is ended for it. */
export class ChaosServer {
  /** Settled when it said `ready`; never, if it does not. */
  readonly ready: Promise<void>;
  /** Settled when it has ended. Never rejects. */
  readonly exit: Promise<string>;
  private readonly process: ChildProcess;
  private ended = false;

  constructor(spec: ChaosServerSpec) {
    const log = openSync(spec.logFile, 'a');
    try {
      this.process = spawn(spec.command, [...spec.args], {
        cwd: spec.cwd,
        env: { ...spec.env },
        stdio: ['ignore', log, log, ...(spec.ipc ? (['ipc'] as const) : [])],
        detached: true,
      });
    } finally {
      closeSync(log);
    }
    this.ready = new Promise((resolve) => this.process.on('message', (message) => message === 'ready' && resolve()));
    this.ready.catch(() => undefined);
    const { pid } = this.process;
    const guard = pid === undefined ? undefined : guardProcess(pid, { signal: 'SIGKILL', group: true });
    this.exit = once(this.process, 'exit').then(
      ([code, signal]) => String(signal ?? `code ${code}`),
      (error: Error) => error.message,
    );
    void this.exit.then(() => {
      this.ended = true;
      guard?.release();
      // What it started and left behind goes with it.
      this.signalGroup('SIGKILL');
    });
  }

  get running(): boolean {
    return !this.ended;
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('it could not be started');
    return this.process.pid;
  }

  /** To the process and all that it started. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.process.pid === undefined) return;
    try {
      process.kill(-this.process.pid, signal);
    } catch (error) {
      // EPERM: macOS says so of a group of which only the unreaped are left.
      if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  /** SIGTERM to its group, and SIGKILL after `patienceMs`; resolves with how it ended. */
  async stop(patienceMs = 15_000): Promise<string> {
    if (!this.ended) this.signalGroup('SIGTERM');
    const timer = setTimeout(() => this.signalGroup('SIGKILL'), patienceMs);
    const how = await this.exit;
    clearTimeout(timer);
    return how;
  }

  async kill(): Promise<void> {
    if (!this.ended) this.signalGroup('SIGKILL');
    await this.exit;
  }
}
