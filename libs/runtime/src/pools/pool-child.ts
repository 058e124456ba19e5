import type { Log } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import { ChildBootFailed, MemoryLimitExceeded, type ChildDeath } from './child-death.ts';
import type { CompiledChildren } from './child-options.ts';
import { ChildRun, tellEscaped, type ChildRunDeps } from './child-run.ts';
import { fromWire } from './error-wire.ts';
import { ProcessChild } from './process-child.ts';
import type { AttemptEnd, FromChild, ToChild } from './protocol.ts';

export interface PoolChildDeps extends ChildRunDeps {
  readonly log: Log;
}

/** How a child died, as far as its process tells. */
export type ProcessDeath = Omit<ChildDeath, 'logs' | 'together'>;

export interface PoolChildEvents {
  /** An attempt has settled there; it is no longer among {@link PoolChild.runs}. */
  settled(run: ChildRun, message: AttemptEnd): void;
  /** Something threw there that nobody caught: it takes no further task. */
  spoilt(): void;
  /** It has ended, by whatever cause. @param runs the attempts that ended with it */
  gone(runs: readonly ChildRun[], death: ProcessDeath): void;
}

/** A child with nothing to do is kept this long, ms. */
const IDLE_MS = 60_000;
/** A child that has not booted by then, ms, never will. */
const BOOT_MS = 120_000;
/** A task is killed that makes its child grow to so many times what a child may have. */
const HARD_MEMORY = 2;
const MIB = 1024 * 1024;

/** A child process of a pool, and what it runs. It is kept warm until it has served its number of tasks, or has grown too large. */
export class PoolChild {
  /** By the number of the entry. */
  readonly runs = new Map<number, ChildRun>();
  /** It takes no further task. Set by the pool. */
  leaving = false;
  private readonly child: ProcessChild;
  private booted = false;
  private bootError: ChildBootFailed | undefined;
  private tasks = 0;
  /** Of its boot, or of its idleness. */
  private cancelTimer: () => void;

  constructor(
    private readonly options: CompiledChildren,
    private readonly deps: PoolChildDeps,
    private readonly events: PoolChildEvents,
  ) {
    const { hardMb } = this;
    this.child = new ProcessChild(options, hardMb === undefined ? undefined : Math.ceil(hardMb), deps.clock, {
      message: (message, no) => this.receive(message, no),
      gone: (death) => {
        this.cancelTimer();
        const ended = [...this.runs.values()];
        this.runs.clear();
        events.gone(ended, death);
      },
    });
    this.cancelTimer = deps.clock.after(BOOT_MS, () => {
      this.bootError = new ChildBootFailed(`it was not ready after ${BOOT_MS / 1000} s`);
      this.kill();
    });
  }

  /** Settled once it has ended. */
  get exited(): Promise<void> {
    return this.child.exited;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Bytes, when last seen. */
  get memory(): number {
    return this.child.memory;
  }

  set memory(bytes: number) {
    this.child.memory = bytes;
  }

  /** Whether it has run a task to its end. */
  get hasServed(): boolean {
    return this.tasks > 0;
  }

  /** Whether it has served, or occupies, too much to take another task. */
  get isWorn(): boolean {
    const { maxTasks, maxMemoryMb = Infinity } = this.options;
    return this.tasks >= maxTasks || this.memory > maxMemoryMb * MIB;
  }

  /** What it occupies is more than a task may make it grow to. */
  get exceeded(): MemoryLimitExceeded | undefined {
    const { hardMb } = this;
    return hardMb !== undefined && this.memory > hardMb * MIB ? new MemoryLimitExceeded(hardMb) : undefined;
  }

  /** Begins an attempt there. */
  begin(entry: TaskEntry): void {
    const { child, runs } = this;
    const link = { post: (message: ToChild) => child.post({ ...message, run: entry.no }), kill: () => child.kill() };
    const run = new ChildRun(entry, link, this.deps);
    if (this.booted) this.cancelTimer();
    if (runs.size === 0) child.renew();
    runs.set(entry.no, run);
    link.post({ type: 'run', task: run.task });
  }

  /** It has nothing to do, and ends when that lasts. */
  idle(tooLong: () => void): void {
    this.cancelTimer = this.deps.clock.after(IDLE_MS, tooLong);
  }

  kill(): void {
    this.child.kill();
  }

  /** Lets the application end in order, for a while. */
  retire(): void {
    this.leaving = true;
    this.cancelTimer();
    this.child.retire();
  }

  /** Why it is gone, if it never was ready. */
  bootFailure({ stderr }: ProcessDeath): ChildBootFailed | undefined {
    if (this.booted) return undefined;
    return this.bootError ?? new ChildBootFailed(`it ended before it was ready: ${stderr.trim().split('\n').at(-1)}`);
  }

  /** V8 ends a process whose heap reaches its limit; where we have set that limit, the task has exceeded it. */
  memoryDeath({ stderr }: ProcessDeath): MemoryLimitExceeded | undefined {
    const { hardMb } = this;
    const ofHeap = stderr.includes('JavaScript heap out of memory');
    return hardMb !== undefined && ofHeap ? new MemoryLimitExceeded(hardMb) : undefined;
  }

  /** Of its heap; undefined: there is no limit. */
  private get hardMb(): number | undefined {
    const { maxMemoryMb } = this.options;
    return maxMemoryMb === undefined ? undefined : maxMemoryMb * HARD_MEMORY;
  }

  private receive(message: FromChild, no: number | undefined): void {
    const run = no === undefined ? undefined : this.runs.get(no);
    switch (message.type) {
      case 'ready':
        this.booted = true;
        return this.cancelTimer();
      case 'unable': {
        const cause = fromWire(message.error);
        this.bootError = new ChildBootFailed(cause.message, { cause });
        return;
      }
      case 'succeeded':
      case 'failed':
        if (!run) return;
        this.runs.delete(no!);
        this.tasks += 1;
        this.memory = message.memory;
        return this.events.settled(run, message);
      case 'escaped': {
        const entries = [...this.runs.values()].map(({ entry }) => entry);
        tellEscaped(message, (id) => entries.find((entry) => entry.id === id), this.deps.escapes);
        return message.kind === 'exception' ? this.events.spoilt() : undefined;
      }
      default:
        run?.receive(message);
    }
  }
}
