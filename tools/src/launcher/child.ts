import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { deferred } from '@lovage/foundation';
import { guardProcess, readStartMessage } from '@lovage/processes';
import type { LauncherOutput } from './output.ts';

/** A program to keep running. */
export interface AppProcessSpec {
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

/** Of what a child said last, lines: enough for an error with some of its stack. */
const LAST_LINES = 8;
const LAST_WORDS_MS = 1000;

/**
 * One run of a child, in a process group of its own, so that a terminal's Ctrl-C reaches it only through the launcher.
 * Should the launcher be killed, the group is ended for it.
 */
export class AppProcess {
  /** Settled when it has said that it serves; never, if it does not. */
  readonly ready: Promise<void>;
  /** Settled when the process has ended. Never rejects. */
  readonly exit: Promise<ChildExit>;
  readonly startedAt = performance.now();
  /** What it does, until it serves: by its own account. */
  stage = 'loading its code';
  private readonly lastErrors: string[] = [];
  private readonly process: ChildProcess;
  private ended = false;
  private closed = false;

  constructor(spec: AppProcessSpec, output: LauncherOutput) {
    const ready = deferred();
    this.ready = ready.promise;
    this.process = spawn(spec.command, [...spec.args], {
      cwd: spec.cwd,
      env: spec.env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    for (const stream of [this.process.stdout!, this.process.stderr!])
      createInterface({ input: stream }).on('line', (line) => {
        output.line(spec.name, line);
        if (stream !== this.process.stderr) return;
        this.lastErrors.push(line);
        if (this.lastErrors.length > LAST_LINES) this.lastErrors.shift();
      });
    this.process.on('message', (sent) => {
      const message = readStartMessage(sent);
      if (message === 'ready') ready.resolve();
      else if (message) this.stage = message.stage;
    });
    this.process.once('close', () => (this.closed = true));
    const { pid } = this.process;
    const guard =
      pid === undefined
        ? undefined
        : guardProcess(pid, { signal: 'SIGTERM', group: true, killAfterSeconds: spec.patienceMs / 1000 });
    this.exit = once(this.process, 'exit').then(
      ([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }),
      (error: Error) => {
        output.line(spec.name, `could not be started: ${error.message}`);
        return { code: 1, signal: null };
      },
    );
    void this.exit.then(() => {
      this.ended = true;
      guard?.release();
      // What it started and left behind goes with it.
      this.signalGroup('SIGKILL');
    });
  }

  /** Once it has ended: what it said last on stderr, a line each. */
  async lastWords(): Promise<readonly string[]> {
    // Its pipes close with the last process of its group; one that left the group might hold them for ever.
    if (!this.closed)
      await Promise.race([once(this.process, 'close'), sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    return this.lastErrors;
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
