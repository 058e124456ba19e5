import type { TaskEntry } from '../entry.ts';
import type { CompiledChildren } from './child-options.ts';
import type { ChildRun } from './child-run.ts';
import { MemoryWatch } from './memory-watch.ts';
import { PoolChild, type PoolChildDeps, type ProcessDeath } from './pool-child.ts';
import type { ChildCounts, Pool } from './pool.ts';
import type { AttemptEnd } from './protocol.ts';

/**
 * Runs each handler in a child process that runs nothing else meanwhile. Children are made when first wanted, kept warm, and
 * replaced when they die, have served their number of tasks, or have grown too large.
 */
export class ProcessPool implements Pool {
  readonly endsCode = true;
  /** Children that take tasks, or run their last one. */
  private readonly children = new Set<PoolChild>();
  private readonly line: TaskEntry[] = [];
  private readonly running = new Map<TaskEntry, PoolChild>();
  /** Those that are ending as well: none outlives the pool. */
  private readonly alive = new Set<PoolChild>();
  private readonly memory: MemoryWatch<PoolChild>;
  private deaths = 0;
  private stopped = false;
  /** Children at most. */
  private most: number;

  constructor(
    private readonly options: CompiledChildren,
    private readonly deps: PoolChildDeps,
  ) {
    this.most = options.slots;
    this.memory = new MemoryWatch(deps.clock, (child) => {
      const { exceeded } = child;
      if (exceeded) for (const run of child.runs.values()) run.killAtOnce(exceeded);
    });
  }

  get counts(): ChildCounts {
    return { alive: this.alive.size, died: this.deaths };
  }

  /** Of the children that are there. */
  get pids(): readonly number[] {
    return [...this.children].flatMap(({ pid }) => pid ?? []);
  }

  /** So many children at most. What exceeds that ends once it has nothing to do. */
  resize(most: number): void {
    this.most = most;
    for (const child of [...this.children]) if (child.runs.size === 0 && this.isSurplus) this.retire(child);
    this.serve();
  }

  /** Replaces all children: those with nothing to do now, the others after their tasks. */
  restart(): void {
    for (const child of [...this.children]) this.replace(child);
  }

  start(entry: TaskEntry): void {
    this.line.push(entry);
    this.serve();
  }

  isWaiting(entry: TaskEntry): boolean {
    return this.line.includes(entry);
  }

  abort(entry: TaskEntry, reason: Error): void {
    const run = this.runOf(entry);
    if (run) run.abort(reason);
    else this.leaveLine(entry, reason);
  }

  kill(entry: TaskEntry, reason: Error, graceMs: number): void {
    const run = this.runOf(entry);
    if (run) run.kill(reason, graceMs);
    else this.leaveLine(entry, reason);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const child of [...this.children]) {
      if (child.runs.size > 0) child.kill();
      else this.retire(child);
    }
    await Promise.all([...this.alive].map((child) => child.exited));
  }

  private get isSurplus(): boolean {
    return this.children.size > this.most;
  }

  private runOf(entry: TaskEntry): ChildRun | undefined {
    return this.running.get(entry)?.runs.get(entry.no);
  }

  private leaveLine(entry: TaskEntry, reason: Error): void {
    const at = this.line.indexOf(entry);
    if (at < 0) return;
    this.line.splice(at, 1);
    this.deps.events.failed(entry, reason);
  }

  private serve(): void {
    while (this.line.length > 0 && !this.stopped) {
      const child = this.idle() ?? (this.children.size < this.most ? this.open() : undefined);
      if (!child) return;
      const entry = this.line.shift()!;
      this.running.set(entry, child);
      this.memory.add(child);
      child.begin(entry);
    }
  }

  /** The one used last: the others may then grow idle enough to end. */
  private idle(): PoolChild | undefined {
    return [...this.children].findLast((child) => child.runs.size === 0 && !child.leaving);
  }

  private open(): PoolChild {
    const child: PoolChild = new PoolChild(this.options, this.deps, {
      settled: (run, message) => this.settled(child, run, message),
      spoilt: () => this.replace(child),
      gone: ([run], death) => this.gone(child, run, death),
    });
    this.children.add(child);
    this.alive.add(child);
    return child;
  }

  /** It takes no further task. What runs there ends first. */
  private replace(child: PoolChild): void {
    child.leaving = true;
    if (child.runs.size > 0) return;
    this.retire(child);
    this.serve();
  }

  private settled(child: PoolChild, run: ChildRun, message: AttemptEnd): void {
    this.left(child, run);
    if (this.stopped || child.leaving || this.isSurplus || child.isWorn) this.retire(child);
    else child.idle(() => this.retire(child));
    run.settled(message);
    this.serve();
  }

  private left(child: PoolChild, run: ChildRun): void {
    this.memory.delete(child);
    this.running.delete(run.entry);
  }

  private retire(child: PoolChild): void {
    this.children.delete(child);
    child.retire();
  }

  private gone(child: PoolChild, run: ChildRun | undefined, death: ProcessDeath): void {
    this.alive.delete(child);
    const wanted = this.children.delete(child);
    if (run) this.left(child, run);
    const { log } = this.deps;
    const unable = child.bootFailure(death);
    if (unable) {
      if (wanted && !this.stopped) log.error({ err: unable, ...death }, 'a child could not boot the application');
      run?.failed(unable);
    } else if (run) {
      const tooLarge = child.memoryDeath(death);
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
}
