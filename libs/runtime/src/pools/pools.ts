import type { Clock, Log } from '@lovage/ports';
import type { PoolKind } from '@lovage/task';
import type { Lane, TaskEntry } from '../entry.ts';
import type { HandlerTable } from '../handlers.ts';
import type { RunServices } from '../run/task-run.ts';
import { AsyncPool } from './async-pool.ts';
import { PoolUnavailableError } from './child-death.ts';
import type { CompiledChildren } from './child-options.ts';
import type { ChildCounts, ChildEscapes, Pool, PoolEvents } from './pool.ts';
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
  private readonly pools: Readonly<Record<Lane, Pool | undefined>>;
  private readonly together: AsyncPool;

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
    this.together = new AsyncPool(deps.services, deps.events);
    this.pools = {
      async: this.together,
      thread: children && new ThreadPool(children, deps),
      process: children && new ProcessPool(children, deps),
      quarantine: children && this.suspects && new QuarantinePool(children, this.suspects, deps),
    };
    this.used = new Set(
      deps.handlers.names().map((name) => deps.handlers.find(name)!.contract.options.pool ?? options.pool),
    );
    this.refuseUnavailable(deps.handlers);
  }

  of(entry: TaskEntry): Pool {
    return this.pools[entry.lane]!;
  }

  /** Runs tasks of one batch contract together. */
  startBatch(entries: readonly TaskEntry[]): void {
    this.together.startBatch(entries);
  }

  /** The pool of a task by its contract. */
  laneOf(entry: TaskEntry): PoolKind {
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
