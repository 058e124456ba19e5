import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { deferred } from '@lovage/foundation';
import type { Output } from './output.ts';

/** A program to keep running. */
export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long it may take to end when it is asked to, before it is killed, ms. */
  readonly patienceMs: number;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Sent by an app over IPC once it serves. */
const READY = 'ready';

/**
 * One run of a child, in a process group of its own, so that a terminal's Ctrl-C reaches it only through the launcher.
 * Should the launcher be killed, the group is ended for it.
 */
export class Child {
  /** Settled when it has said that it serves; never, if it does not. */
  readonly ready: Promise<void>;
  /** Settled when the process has ended. Never rejects. */
  readonly exit: Promise<ChildExit>;
  readonly startedAt = performance.now();
  private readonly process: ChildProcess;
  private ended = false;

  constructor(spec: ChildSpec, output: Output) {
    const ready = deferred();
    this.ready = ready.promise;
    this.process = spawn(spec.command, [...spec.args], {
      cwd: spec.cwd,
      env: spec.env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    for (const stream of [this.process.stdout!, this.process.stderr!])
      createInterface({ input: stream }).on('line', (line) => output.line(spec.name, line));
    this.process.on('message', (message) => {
      if (message === READY) ready.resolve();
    });
    const guard = this.process.pid === undefined ? undefined : guardGroup(this.process.pid, spec.patienceMs);
    this.exit = once(this.process, 'exit').then(
      ([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }),
      (error: Error) => {
        output.line(spec.name, `could not be started: ${error.message}`);
        return { code: 1, signal: null };
      },
    );
    void this.exit.then(() => {
      this.ended = true;
      guard?.kill('SIGKILL');
      // What it started and left behind goes with it.
      this.signalGroup('SIGKILL');
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  get running(): boolean {
    return !this.ended;
  }

  /** Asks it to end; after `patienceMs` its whole group is killed. */
  async stop(patienceMs: number): Promise<ChildExit> {
    if (this.ended) return this.exit;
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), patienceMs);
    const exit = await this.exit;
    clearTimeout(timer);
    return exit;
  }

  kill(): void {
    if (!this.ended) this.signalGroup('SIGKILL');
  }

  private signalGroup(signal: NodeJS.Signals): void {
    if (this.process.pid === undefined) return;
    try {
      process.kill(-this.process.pid, signal);
    } catch (error) {
      // EPERM: macOS says so of a group of which only the unreaped are left.
      if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

const GUARD = `read -r _
kill -TERM "-$1" || exit
i=0
while [ $i -lt "$2" ]; do sleep 1; kill -0 "-$1" || exit; i=$((i + 1)); done
kill -KILL "-$1"`;

/**
 * A shell whose input ends when this process does, however it ends: then it ends the group. A child could watch for
 * that itself, but not while a task holds its event loop.
 */
function guardGroup(pid: number, patienceMs: number): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', String(pid), String(Math.ceil(patienceMs / 1000))], {
    cwd: '/',
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => undefined);
  guard.stdin!.on('error', () => undefined);
  guard.unref();
  return guard;
}
