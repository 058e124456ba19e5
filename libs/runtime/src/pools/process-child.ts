import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fieldOf } from '@lovage/foundation';
import type { Clock } from '@lovage/ports';
import type { ChildDeath } from './child-death.ts';
import type { CompiledChildren } from './child-options.ts';
import { readFromChild } from './from-child.ts';
import type { FromChild, OfRun, ToChild } from './protocol.ts';
import { StderrTail } from './stderr-tail.ts';

export interface ProcessChildEvents {
  /** @param run the number of the attempt that it is of, as far as the child tells */
  message(message: FromChild, run: number | undefined): void;
  /** It has ended, by whatever cause. */
  gone(death: Omit<ChildDeath, 'logs' | 'together'>): void;
}

/** A child that is told to end gets this long for the application's own shutdown, ms. */
const RETIRE_MS = 3000;
/** After the exit, for the rest of what it said, ms: a grandchild may hold its stderr open. */
const LAST_WORDS_MS = 200;
const MIB = 1024 * 1024;

/** A child process. It ends by itself when the channel to this process does, also while it computes. */
export class ProcessChild {
  /** Bytes, when last seen. */
  memory = 0;
  /** Settled once it has ended. */
  readonly exited: Promise<void>;
  private readonly process: ChildProcess;
  private readonly stderr: StderrTail;

  constructor(
    options: CompiledChildren,
    /** Of V8's heap, MiB; undefined: Node's own. */
    heapMb: number | undefined,
    private readonly clock: Clock,
    events: ProcessChildEvents,
  ) {
    const flags = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
    const main = fileURLToPath(new URL('./child/process-main.mjs', import.meta.url));
    const serve = new URL(import.meta.url.endsWith('.ts') ? './child/serve.ts' : './child/serve.js', import.meta.url);
    this.process = fork(main, [JSON.stringify({ boot: options.boot, serve: serve.href, parent: process.pid })], {
      execArgv: [...options.execArgv, ...flags],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.stderr = new StderrTail(this.process.stderr!);
    this.process.on('message', (message) => {
      const known = readFromChild(message);
      if (!known) return;
      const run = fieldOf(message, 'run');
      events.message(known, typeof run === 'number' ? run : undefined);
    });
    this.exited = new Promise((resolve) => {
      let ended = false;
      const end = (exitCode: number | null, signal: string | null): void => {
        if (ended) return;
        ended = true;
        resolve();
        const memoryMb = this.memory > 0 ? Math.round(this.memory / MIB) : null;
        events.gone({ pool: 'process', exitCode, signal, memoryMb, stderr: this.stderr.text });
      };
      this.process.once('error', (error) => {
        // It could not be started, or not be told something; in the latter case its exit follows.
        if (this.process.pid === undefined) {
          process.stderr.write(`${error.message}\n`);
          end(null, null);
        }
      });
      this.process.once('exit', (code, signal) => {
        const cancelTimer = clock.after(LAST_WORDS_MS, () => end(code, signal));
        this.process.once('close', () => {
          cancelTimer();
          end(code, signal);
        });
      });
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  get lastWords(): string {
    return this.stderr.text;
  }

  post(message: ToChild & OfRun): void {
    // A channel that closes under the message: the exit tells.
    if (this.process.connected) this.process.send(message, () => undefined);
  }

  /** Its next task begins. */
  renew(): void {
    this.stderr.clear();
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  /** Lets the application end in order, for a while. */
  retire(): void {
    this.post({ type: 'stop' });
    const cancelTimer = this.clock.after(RETIRE_MS, () => this.kill());
    void this.exited.then(cancelTimer);
  }
}
