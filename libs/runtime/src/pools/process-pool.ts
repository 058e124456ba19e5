import type { Log } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import { ChildBootFailed, MemoryLimitExceeded, type ChildDeath } from './child-death.ts';
import type { CompiledChildren } from './child-options.ts';
import { ChildRun, tellEscaped, type ChildRunDeps } from './child-run.ts';
import { fromWire } from './error-wire.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { ChildCounts, Pool } from './pool.ts';
import { ProcessChild } from './process-child.ts';
import type { Ended, Escaped, FromChild, ToChild } from './protocol.ts';

export interface ProcessPoolDeps extends ChildRunDeps {
  readonly log: Log;
}

/** A child with nothing to do is kept this long, ms. */
export const IDLE_MS = 60_000;
/** A child that has not booted by then, ms, never will. */
export const BOOT_MS = 120_000;
/** A task is killed that makes its child grow to so many times what a child may have. */
export const HARD_MEMORY = 2;
export const MIB = 1024 * 1024;

/** A child process and what it does. */
interface Seat {
  readonly child: ProcessChild;
  booted: boolean;
  /** Why it could not boot. */
  bootError: Error | undefined;
  served: number;
  run: ChildRun | undefined;
  /** Something threw there that nobody caught: it takes no further task. */
  leaving: boolean;
  /** Of its boot, or of its idleness. */
  cancelTimer: () => void;
  readonly pid: number | undefined;
  memory: number;
}

/**
 * Runs each handler in a child process that runs nothing else meanwhile. Children are made when first wanted, kept warm, and
 * replaced when they die, have served their number of tasks, or have grown too large.
 */
export class ProcessPool implements Pool {
  readonly endsCode = true;
  private readonly seats = new Set<Seat>();
  private readonly line: TaskEntry[] = [];
  private readonly running = new Map<TaskEntry, Seat>();
  /** Children that are ending, and those at work: none outlives the pool. */
  private readonly alive = new Set<ProcessChild>();
  private readonly memory: MemoryWatch<Seat>;
  private deaths = 0;
  private stopped = false;
  /** Children at most. */
  private most: number;

  constructor(
    private readonly options: CompiledChildren,
    private readonly deps: ProcessPoolDeps,
  ) {
    this.most = options.slots;
    this.memory = new MemoryWatch(deps.clock, (seat) => this.look(seat));
  }

  get counts(): ChildCounts {
    return { alive: this.alive.size, died: this.deaths };
  }

  /** Of the children that are there. */
  get pids(): readonly number[] {
    return [...this.seats].flatMap(({ pid }) => pid ?? []);
  }

  /** So many children at most. What exceeds that ends once it has nothing to do. */
  resize(most: number): void {
    this.most = most;
    for (const seat of [...this.seats]) if (!seat.run && this.seats.size > most) this.retire(seat);
    this.serve();
  }

  /** Replaces all children: those with nothing to do now, the others after their tasks. */
  restart(): void {
    for (const seat of [...this.seats]) {
      if (seat.run) seat.leaving = true;
      else this.retire(seat);
    }
  }

  start(entry: TaskEntry): void {
    this.line.push(entry);
    this.serve();
  }

  isWaiting(entry: TaskEntry): boolean {
    return this.line.includes(entry);
  }

  abort(entry: TaskEntry, reason: Error): void {
    const run = this.running.get(entry)?.run;
    if (run) run.abort(reason);
    else this.leaveLine(entry, reason);
  }

  kill(entry: TaskEntry, reason: Error, graceMs: number): void {
    const run = this.running.get(entry)?.run;
    if (run) run.kill(reason, graceMs);
    else this.leaveLine(entry, reason);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const seat of [...this.seats]) {
      if (seat.run) seat.child.kill();
      else this.retire(seat);
    }
    await Promise.all([...this.alive].map((child) => child.exited));
  }

  private leaveLine(entry: TaskEntry, reason: Error): void {
    const at = this.line.indexOf(entry);
    if (at < 0) return;
    this.line.splice(at, 1);
    this.deps.events.failed(entry, reason);
  }

  private serve(): void {
    while (this.line.length > 0 && !this.stopped) {
      const seat = this.idle() ?? (this.seats.size < this.most ? this.open() : undefined);
      if (!seat) return;
      this.seatAt(seat, this.line.shift()!);
    }
  }

  /** The one used last: the others may then grow idle enough to end. */
  private idle(): Seat | undefined {
    return [...this.seats].findLast((seat) => !seat.run && !seat.leaving);
  }

  private open(): Seat {
    const { maxMemoryMb } = this.options;
    const heapMb = maxMemoryMb === undefined ? undefined : Math.ceil(maxMemoryMb * HARD_MEMORY);
    const child: ProcessChild = new ProcessChild(this.options, heapMb, this.deps.clock, {
      message: (message) => this.receive(seat, message),
      gone: (death) => this.gone(seat, death),
    });
    const seat: Seat = {
      ...{ child, booted: false, bootError: undefined, served: 0, run: undefined, leaving: false },
      cancelTimer: this.deps.clock.after(BOOT_MS, () => {
        seat.bootError = new ChildBootFailed(`it was not ready after ${BOOT_MS / 1000} s`);
        child.kill();
      }),
      get pid() {
        return child.pid;
      },
      get memory() {
        return child.memory;
      },
      set memory(bytes) {
        child.memory = bytes;
      },
    };
    this.seats.add(seat);
    this.alive.add(child);
    return seat;
  }

  private seatAt(seat: Seat, entry: TaskEntry): void {
    const { child } = seat;
    const link = { post: (message: ToChild) => child.post({ ...message, run: entry.no }), kill: () => child.kill() };
    const run = new ChildRun(entry, link, this.deps);
    if (seat.booted) seat.cancelTimer();
    seat.run = run;
    this.running.set(entry, seat);
    seat.child.renew();
    this.memory.add(seat);
    link.post({ type: 'run', task: run.task });
  }

  private receive(seat: Seat, message: FromChild): void {
    switch (message.type) {
      case 'ready':
        seat.booted = true;
        return seat.cancelTimer();
      case 'unable':
        seat.bootError = bootFailed(fromWire(message.error));
        return;
      case 'succeeded':
      case 'failed':
        return this.settled(seat, message);
      case 'escaped':
        return this.escaped(seat, message);
      default:
        seat.run?.receive(message);
    }
  }

  private escaped(seat: Seat, message: Escaped): void {
    tellEscaped(message, (id) => (seat.run?.entry.id === id ? seat.run.entry : undefined), this.deps.escapes);
    if (message.kind === 'rejection') return;
    seat.leaving = true;
    // What runs there ends first.
    if (seat.run) return;
    this.retire(seat);
    this.serve();
  }

  private settled(seat: Seat, message: Ended): void {
    const run = this.leave(seat);
    seat.served += 1;
    seat.memory = message.memory;
    const { maxTasks, maxMemoryMb = Infinity } = this.options;
    const isSurplus = this.seats.size > this.most;
    if (this.stopped || seat.leaving || isSurplus || seat.served >= maxTasks || message.memory > maxMemoryMb * MIB)
      this.retire(seat);
    else seat.cancelTimer = this.deps.clock.after(IDLE_MS, () => this.retire(seat));
    run?.settled(message);
    this.serve();
  }

  /** The attempt that sat there has left. */
  private leave(seat: Seat): ChildRun | undefined {
    const { run } = seat;
    seat.run = undefined;
    this.memory.delete(seat);
    if (run) this.running.delete(run.entry);
    return run;
  }

  private retire(seat: Seat): void {
    seat.cancelTimer();
    this.seats.delete(seat);
    seat.child.retire();
  }

  private gone(seat: Seat, death: Omit<ChildDeath, 'logs' | 'together'>): void {
    seat.cancelTimer();
    this.alive.delete(seat.child);
    const wanted = this.seats.delete(seat);
    const run = this.leave(seat);
    const { log } = this.deps;
    if (!seat.booted) {
      const error = seat.bootError ?? new ChildBootFailed(`it ended before it was ready: ${lastLine(death.stderr)}`);
      if (wanted && !this.stopped) log.error({ err: error, ...death }, 'a child could not boot the application');
      run?.failed(error);
    } else if (run) {
      const tooLarge = this.diedOfMemory(death);
      if (tooLarge) run.failed(tooLarge);
      else {
        if (!run.isKilled) {
          this.deaths += 1;
          log.warn({ task: run.entry.id, ...death }, 'a child process died in the middle of a task');
        }
        run.gone({ ...death, together: 1 });
      }
    } else if (wanted) {
      this.deaths += 1;
      log.warn({ ...death }, 'an idle child process died');
    }
    this.serve();
  }

  private look(seat: Seat): void {
    const { maxMemoryMb } = this.options;
    if (maxMemoryMb === undefined || seat.memory <= maxMemoryMb * HARD_MEMORY * MIB) return;
    seat.run?.killAtOnce(new MemoryLimitExceeded(maxMemoryMb * HARD_MEMORY));
  }

  /** V8 ends a process whose heap reaches its limit; where we have set that limit, the task has exceeded it. */
  private diedOfMemory({ stderr }: { stderr: string }): MemoryLimitExceeded | undefined {
    const { maxMemoryMb } = this.options;
    return maxMemoryMb !== undefined && stderr.includes('JavaScript heap out of memory')
      ? new MemoryLimitExceeded(maxMemoryMb * HARD_MEMORY)
      : undefined;
  }
}

export function bootFailed(cause: Error): ChildBootFailed {
  return new ChildBootFailed(cause.message, { cause });
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
