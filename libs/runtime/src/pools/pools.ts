import type { Clock, Log } from '@lovage/ports';
import type { PoolKind } from '@lovage/task';
import type { EntryPool, TaskEntry } from '../entry.ts';
import type { HandlerTable } from '../handlers.ts';
import type { RunServices } from '../run/task-run.ts';
import { AsyncPool } from './async-pool.ts';
import { PoolUnavailableError } from './child-death.ts';
import type { CompiledChildren } from './child-options.ts';
import type { BatchPool, ChildCounts, ChildEscapes, Pool, PoolEvents } from './pool.ts';
import { ProcessPool } from './process-pool.ts';
import { QuarantinePool } from './quarantine-pool.ts';
import type { Answers } from './questions.ts';
import { SuspectGroups } from './suspect-groups.ts';
import { ThreadPool } from './thread-pool.ts';

export interface PoolsDeps {
  readonly handlers: HandlerTable;
  readonly services: RunServices<TaskEntry>;
  readonly answers: Answers;
  readonly events: PoolEvents;
  readonly escapes: ChildEscapes;
  readonly clock: Clock;
  readonly log: Log;
}

/** The pools of a worker. Children, and what it takes to make them, come to be when first wanted. */
export class Pools {
  /** Those that contracts of this worker run in. */
  readonly used: ReadonlySet<PoolKind>;
  /** Which suspects run together; undefined: without children they run like all others. */
  readonly suspects: SuspectGroups<TaskEntry> | undefined;
  private readonly pools: Readonly<Record<EntryPool, Pool | undefined>>;
  /** Runs tasks of batch contracts together. */
  readonly batches: BatchPool;

  /** @throws PoolUnavailableError a contract asks for children, and there is no telling how one boots. */
  constructor(
    private readonly options: {
      readonly pool: PoolKind;
      readonly children: CompiledChildren | undefined;
      /** Tasks at a time in `async`. */
      readonly concurrency?: number;
    },
    deps: PoolsDeps,
  ) {
    const { children } = options;
    const { concurrency = 1 } = options;
    this.suspects = children && new SuspectGroups(children.slots, Math.max(children.slots, concurrency));
    this.batches = new AsyncPool(deps.services, deps.events);
    const childDeps = children && { ...deps, teardownMs: children.teardownMs };
    this.pools = {
      async: this.batches,
      thread: childDeps && new ThreadPool(children, childDeps),
      process: childDeps && new ProcessPool(children, childDeps),
      quarantine: childDeps && this.suspects && new QuarantinePool(children, this.suspects, childDeps),
    };
    this.used = new Set(
      deps.handlers.names().map((name) => deps.handlers.find(name)!.contract.options.pool ?? options.pool),
    );
    this.refuseUnavailable(deps.handlers);
  }

  /** Where it runs. */
  of(entry: TaskEntry): Pool {
    return this.pools[entry.pool]!;
  }

  /** The pool of a task by its contract. */
  kindOf(entry: TaskEntry): PoolKind {
    return entry.options.pool ?? this.options.pool;
  }

  /** Children by pool; those of the quarantine are processes. */
  children(): Readonly<Record<'thread' | 'process', ChildCounts>> {
    const { thread, process, quarantine } = this.pools;
    const of = (pool: Pool | undefined): ChildCounts =>
      pool instanceof ProcessPool || pool instanceof QuarantinePool || pool instanceof ThreadPool
        ? pool.counts
        : { alive: 0, died: 0 };
    const [shared, alone] = [of(process), of(quarantine)];
    return { thread: of(thread), process: { alive: shared.alive + alone.alive, died: shared.died + alone.died } };
  }

  /** So many children at most in one of the pools that have some. */
  resize(kind: PoolKind, size: number): void {
    if (kind === 'process') this.process?.resize(size);
  }

  /** Replaces children, each once it has nothing to do. False: this worker has none. */
  restart(): boolean {
    const { thread } = this.pools;
    this.process?.restart();
    if (thread instanceof ThreadPool) thread.restart();
    return this.options.children !== undefined;
  }

  /** Of the children of a pool; the worker's own where it has none. */
  pids(kind: PoolKind): readonly number[] {
    return kind === 'process' ? (this.process?.pids ?? []) : [process.pid];
  }

  private get process(): ProcessPool | undefined {
    const { process } = this.pools;
    return process instanceof ProcessPool ? process : undefined;
  }

  /** No child is left once it resolves. */
  async stop(): Promise<void> {
    await Promise.all(Object.values(this.pools).map((pool) => pool?.stop()));
  }

  private refuseUnavailable(handlers: HandlerTable): void {
    if (this.options.children) return;
    if (this.options.pool !== 'async') throw new PoolUnavailableError([], this.options.pool);
    for (const kind of ['thread', 'process'] as const) {
      const asking = handlers.names().filter((name) => handlers.find(name)!.contract.options.pool === kind);
      if (asking.length > 0) throw new PoolUnavailableError(asking, kind);
    }
  }
}
