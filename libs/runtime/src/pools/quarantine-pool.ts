import type { TaskEntry } from '../entry.ts';
import { NeighbourEnded } from '../run/abort-reasons.ts';
import { ChildBootFailed, MemoryLimitExceeded, type ChildDeath } from './child-death.ts';
import type { CompiledChildren } from './child-options.ts';
import { ChildRun, tellEscaped } from './child-run.ts';
import { fromWire } from './error-wire.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { ChildCounts, Pool } from './pool.ts';
import { ProcessChild } from './process-child.ts';
import { bootFailed, BOOT_MS, HARD_MEMORY, IDLE_MS, lastLine, MIB, type ProcessPoolDeps } from './process-pool.ts';
import type { Ended, Escaped, FromChild, ToChild } from './protocol.ts';
import type { SuspectGroups } from './suspect-groups.ts';

/** A child process and those it runs. */
interface Ward {
  readonly child: ProcessChild;
  /** By the number of the entry. */
  readonly runs: Map<number, ChildRun>;
  booted: boolean;
  bootError: Error | undefined;
  served: number;
  /** Takes nobody in any more; ends once it is empty. */
  leaving: boolean;
  cancelTimer: () => void;
  readonly pid: number | undefined;
  memory: number;
}

/**
 * Runs suspects, each in the child and beside the others that its {@link SuspectGroups} has chosen. A child is kept while it lives;
 * when it dies, each that ran in it is told of how many it was one.
 */
export class QuarantinePool implements Pool {
  readonly endsCode = true;
  /** By the number that the groups know a child by. */
  private readonly wards = new Map<number, Ward>();
  private readonly wardOf = new Map<TaskEntry, Ward>();
  private readonly alive = new Set<Ward>();
  private readonly memory: MemoryWatch<Ward>;
  private deaths = 0;
  private stopped = false;

  constructor(
    private readonly options: CompiledChildren,
    private readonly groups: SuspectGroups<TaskEntry>,
    private readonly deps: ProcessPoolDeps,
  ) {
    this.memory = new MemoryWatch(deps.clock, (ward) => this.look(ward));
  }

  get counts(): ChildCounts {
    return { alive: this.alive.size, died: this.deaths };
  }

  start(entry: TaskEntry): void {
    const place = this.groups.placeOf(entry);
    if (!place || this.stopped) return this.deps.events.failed(entry, new NeighbourEnded());
    const ward = this.wardFor(place.child, place.fresh);
    const { child } = ward;
    const link = { post: (message: ToChild) => child.post({ ...message, run: entry.no }), kill: () => child.kill() };
    const run = new ChildRun(entry, link, this.deps);
    if (ward.booted) ward.cancelTimer();
    if (ward.runs.size === 0) child.renew();
    ward.runs.set(entry.no, run);
    this.wardOf.set(entry, ward);
    this.memory.add(ward);
    link.post({ type: 'run', task: run.task });
  }

  /** They wait unclaimed, before they come here. */
  isWaiting(): boolean {
    return false;
  }

  abort(entry: TaskEntry, reason: Error): void {
    this.wardOf.get(entry)?.runs.get(entry.no)?.abort(reason);
  }

  /** Ends the child as well, and with it the attempts of others, which are requeued. */
  kill(entry: TaskEntry, reason: Error, graceMs: number): void {
    this.wardOf.get(entry)?.runs.get(entry.no)?.kill(reason, graceMs);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const ward of [...this.alive]) {
      if (ward.runs.size > 0) ward.child.kill();
      else this.retire(ward);
    }
    await Promise.all([...this.alive].map(({ child }) => child.exited));
  }

  private wardFor(no: number, fresh: boolean): Ward {
    const there = this.wards.get(no);
    if (there && !there.leaving && !(fresh && there.served > 0)) return there;
    if (there) this.leave(there);
    const ward = this.open();
    this.wards.set(no, ward);
    return ward;
  }

  private open(): Ward {
    const { maxMemoryMb } = this.options;
    const heapMb = maxMemoryMb === undefined ? undefined : Math.ceil(maxMemoryMb * HARD_MEMORY);
    const child: ProcessChild = new ProcessChild(this.options, heapMb, this.deps.clock, {
      message: (message, run) => this.receive(ward, message, run),
      gone: (death) => this.gone(ward, death),
    });
    const ward: Ward = {
      ...{ child, runs: new Map<number, ChildRun>(), booted: false, bootError: undefined, served: 0, leaving: false },
      cancelTimer: this.deps.clock.after(BOOT_MS, () => {
        ward.bootError = new ChildBootFailed(`it was not ready after ${BOOT_MS / 1000} s`);
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
    this.alive.add(ward);
    return ward;
  }

  private receive(ward: Ward, message: FromChild, no: number | undefined): void {
    switch (message.type) {
      case 'ready':
        ward.booted = true;
        return ward.cancelTimer();
      case 'unable':
        ward.bootError = bootFailed(fromWire(message.error));
        return;
      case 'succeeded':
      case 'failed':
        return this.settled(ward, message, no);
      case 'escaped':
        return this.escaped(ward, message);
      default:
        if (no !== undefined) ward.runs.get(no)?.receive(message);
    }
  }

  private escaped(ward: Ward, message: Escaped): void {
    const entries = [...ward.runs.values()].map(({ entry }) => entry);
    tellEscaped(message, (id) => entries.find((entry) => entry.id === id), this.deps.escapes);
    if (message.kind === 'exception') this.leave(ward);
  }

  private settled(ward: Ward, message: Ended, no: number | undefined): void {
    const run = no === undefined ? undefined : ward.runs.get(no);
    if (!run) return;
    this.forget(ward, run);
    ward.served += 1;
    ward.memory = message.memory;
    const { maxTasks, maxMemoryMb = Infinity } = this.options;
    if (this.stopped || ward.leaving || ward.served >= maxTasks || message.memory > maxMemoryMb * MIB) this.leave(ward);
    else if (ward.runs.size === 0) ward.cancelTimer = this.deps.clock.after(IDLE_MS, () => this.leave(ward));
    run.settled(message);
  }

  private forget(ward: Ward, run: ChildRun): void {
    ward.runs.delete(run.entry.no);
    this.wardOf.delete(run.entry);
    if (ward.runs.size === 0) this.memory.delete(ward);
  }

  private leave(ward: Ward): void {
    ward.leaving = true;
    if (ward.runs.size === 0) this.retire(ward);
  }

  private retire(ward: Ward): void {
    ward.leaving = true;
    ward.cancelTimer();
    ward.child.retire();
  }

  private gone(ward: Ward, death: Omit<ChildDeath, 'logs' | 'together'>): void {
    ward.cancelTimer();
    this.alive.delete(ward);
    const wanted = !ward.leaving;
    ward.leaving = true;
    const runs = [...ward.runs.values()];
    for (const run of runs) this.forget(ward, run);
    const { log } = this.deps;
    if (!ward.booted) {
      const error = ward.bootError ?? new ChildBootFailed(`it ended before it was ready: ${lastLine(death.stderr)}`);
      if (!this.stopped) log.error({ err: error, ...death }, 'a child could not boot the application');
      for (const run of runs) run.failed(error);
    } else if (runs.some((run) => run.isKilled)) {
      for (const run of runs) run.failed(new NeighbourEnded());
    } else {
      this.died(runs, death, wanted);
    }
  }

  private died(runs: readonly ChildRun[], death: Omit<ChildDeath, 'logs' | 'together'>, wanted: boolean): void {
    const { log, events } = this.deps;
    if (this.stopped) {
      for (const run of runs) events.failed(run.entry, new NeighbourEnded());
      return;
    }
    if (runs.length > 0 || wanted) {
      this.deaths += 1;
      const ids = runs.slice(0, 20).map(({ entry }) => entry.id);
      log.warn({ tasks: ids, together: runs.length, ...death }, 'a child process of the quarantine died');
    }
    const { maxMemoryMb } = this.options;
    const tooLarge = maxMemoryMb !== undefined && death.stderr.includes('JavaScript heap out of memory');
    for (const run of runs)
      if (tooLarge && runs.length === 1) run.failed(new MemoryLimitExceeded(maxMemoryMb * HARD_MEMORY));
      else run.gone({ ...death, together: runs.length });
  }

  /** Alone it has exceeded the limit itself; of several any may have. */
  private look(ward: Ward): void {
    const { maxMemoryMb } = this.options;
    if (maxMemoryMb === undefined || ward.memory <= maxMemoryMb * HARD_MEMORY * MIB) return;
    const [first, second] = ward.runs.values();
    if (second) ward.child.kill();
    else first?.kill(new MemoryLimitExceeded(maxMemoryMb * HARD_MEMORY), 0);
  }
}
