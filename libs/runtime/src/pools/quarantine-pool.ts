import type { TaskEntry } from '../entry.ts';
import { NeighbourEnded } from '../run/abort-reasons.ts';
import type { CompiledChildren } from './child-options.ts';
import type { ChildRun } from './child-run.ts';
import { MemoryWatch } from './memory-watch.ts';
import { PoolChild, type PoolChildDeps, type ProcessDeath } from './pool-child.ts';
import type { ChildCounts, Pool } from './pool.ts';
import type { AttemptEnd } from './protocol.ts';
import type { SuspectGroups } from './suspect-groups.ts';

/**
 * Runs suspects, each in the child and beside the others that its {@link SuspectGroups} has chosen. A child is kept while it lives;
 * when it dies, each that ran in it is told of how many it was one.
 */
export class QuarantinePool implements Pool {
  readonly endsCode = true;
  /** By the number that the groups know a child by. */
  private readonly children = new Map<number, PoolChild>();
  private readonly childOf = new Map<TaskEntry, PoolChild>();
  private readonly alive = new Set<PoolChild>();
  private readonly memory: MemoryWatch<PoolChild>;
  private deaths = 0;
  private stopped = false;

  constructor(
    private readonly options: CompiledChildren,
    private readonly groups: SuspectGroups<TaskEntry>,
    private readonly deps: PoolChildDeps,
  ) {
    this.memory = new MemoryWatch(deps.clock, (child) => this.look(child));
  }

  get counts(): ChildCounts {
    return { alive: this.alive.size, died: this.deaths };
  }

  start(entry: TaskEntry): void {
    const place = this.groups.placeOf(entry);
    if (!place || this.stopped) return this.deps.events.failed(entry, new NeighbourEnded());
    const child = this.childFor(place.child, place.fresh);
    this.childOf.set(entry, child);
    this.memory.add(child);
    child.begin(entry);
  }

  /** They wait unclaimed, before they come here. */
  isWaiting(): boolean {
    return false;
  }

  abort(entry: TaskEntry, reason: Error): void {
    this.runOf(entry)?.abort(reason);
  }

  /** Ends the child as well, and with it the attempts of others, which are requeued. */
  kill(entry: TaskEntry, reason: Error, graceMs: number): void {
    this.runOf(entry)?.kill(reason, graceMs);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const child of [...this.alive]) {
      if (child.runs.size > 0) child.kill();
      else child.retire();
    }
    await Promise.all([...this.alive].map(({ exited }) => exited));
  }

  private runOf(entry: TaskEntry): ChildRun | undefined {
    return this.childOf.get(entry)?.runs.get(entry.no);
  }

  private childFor(no: number, fresh: boolean): PoolChild {
    const there = this.children.get(no);
    if (there && !there.leaving && !(fresh && there.hasServed)) return there;
    if (there) this.replace(there);
    const child: PoolChild = new PoolChild(this.options, this.deps, {
      settled: (run, message) => this.settled(child, run, message),
      spoilt: () => this.replace(child),
      gone: (runs, death) => this.gone(child, runs, death),
    });
    this.alive.add(child);
    this.children.set(no, child);
    return child;
  }

  /** It takes nobody in any more, and ends once it is empty. */
  private replace(child: PoolChild): void {
    child.leaving = true;
    if (child.runs.size === 0) child.retire();
  }

  private settled(child: PoolChild, run: ChildRun, message: AttemptEnd): void {
    this.left(child, run);
    if (this.stopped || child.leaving || child.isWorn) this.replace(child);
    else if (child.runs.size === 0) child.idle(() => this.replace(child));
    run.settled(message);
  }

  private left(child: PoolChild, run: ChildRun): void {
    this.childOf.delete(run.entry);
    if (child.runs.size === 0) this.memory.delete(child);
  }

  private gone(child: PoolChild, runs: readonly ChildRun[], death: ProcessDeath): void {
    this.alive.delete(child);
    const wanted = !child.leaving;
    child.leaving = true;
    for (const run of runs) this.left(child, run);
    const { log } = this.deps;
    const unable = child.bootFailure(death);
    if (unable) {
      if (!this.stopped) log.error({ err: unable, ...death }, 'a child could not boot the application');
      for (const run of runs) run.failed(unable);
    } else if (runs.some((run) => run.isKilled)) {
      for (const run of runs) run.failed(new NeighbourEnded());
    } else {
      this.died(child, runs, death, wanted);
    }
  }

  private died(child: PoolChild, runs: readonly ChildRun[], death: ProcessDeath, wanted: boolean): void {
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
    const tooLarge = child.memoryDeath(death);
    for (const run of runs)
      if (tooLarge && runs.length === 1) run.failed(tooLarge);
      else run.gone({ ...death, together: runs.length });
  }

  /** Alone it has exceeded the limit itself; of several any may have. */
  private look(child: PoolChild): void {
    const { exceeded } = child;
    if (!exceeded) return;
    const [first, second] = child.runs.values();
    if (second) child.kill();
    else first?.kill(exceeded, 0);
  }
}
