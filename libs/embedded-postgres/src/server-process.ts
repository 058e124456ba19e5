import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Guard, guardProcess } from '@lovage/processes';
import { type Account, spawnIds, underAccount } from './account.ts';
import type { DataDir } from './data-dir.ts';
import { waitForEnd } from './process-table.ts';
import { serverEnv } from './server-env.ts';

export interface ServerOptions {
  readonly postgres: string;
  readonly account: Account;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  /** Pid that a lock file names although it is no server's: PostgreSQL then passes over it, and still looks for the dead server's children. */
  readonly ignorePid: number | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of the server's process. */
export class ServerProcess {
  readonly exited: Promise<Exit>;
  private ended: Exit | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly guard: Guard | undefined,
  ) {
    this.exited = once(child, 'exit').then(
      ([code, signal]) => (this.ended = { code: code as number | null, signal: signal as NodeJS.Signals | null }),
      () => (this.ended = { code: null, signal: null }),
    );
    void this.exited.then(() => this.guard?.release());
  }

  static spawn(dir: DataDir, options: ServerOptions): ServerProcess {
    const [program, args] = underAccount(options.account, [
      options.postgres,
      ...['-D', dir.cluster, '-p', String(options.port)],
      ...Object.entries(options.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);
    // To a file, not a pipe: it must be able to write also when this process is gone.
    const log = openSync(dir.logFile, 'w', 0o600);
    try {
      const child = spawn(program, args, {
        ...spawnIds(options.account),
        cwd: '/',
        env: serverEnv(options.ignorePid === undefined ? {} : { PG_GRANDPARENT_PID: String(options.ignorePid) }),
        stdio: ['ignore', log, log],
        // A group of its own: a terminal's Ctrl-C must not stop it before those who still use it.
        detached: true,
      });
      return new ServerProcess(
        child,
        // Fast shutdown. Without it, a `kill -9` of this process would leave the server behind.
        child.pid === undefined ? undefined : guardProcess(child.pid, { signal: 'SIGINT' }),
      );
    } finally {
      closeSync(log);
    }
  }

  get running(): boolean {
    return this.ended === undefined;
  }

  /** Resolves with whether it is ready; `false`: it ended, or took too long. */
  async ready(dir: DataDir, timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.running && performance.now() < deadline) {
      const postmaster = dir.postmaster();
      if (postmaster?.pid === this.child.pid && postmaster?.ready) return true;
      await Promise.race([this.exited, sleep(10, undefined, { ref: true })]);
    }
    return false;
  }

  /** Ends it: fast shutdown, which closes connections and leaves the cluster clean; then ever harder. */
  async stop(): Promise<void> {
    if (this.child.pid === undefined || !this.running) return;
    await endServer(this.child.pid);
    await this.exited;
  }
}

/** Fast shutdown of the server with this pid, whichever process it is a child of; then immediate; then SIGKILL. */
export async function endServer(pid: number): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', 6000],
    ['SIGQUIT', 3000],
    ['SIGKILL', 3000],
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    if (await waitForEnd(pid, patienceMs)) return;
  }
}
