import type { Log, TaskRow, TaskStore } from '@lovage/ports';
import type { PoolKind } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { SuspectGroups } from '../pools/suspect-groups.ts';
import type { StoreRetry, WriteOutcome } from '../store-retry.ts';

export interface QuarantineDeps {
  readonly groups: SuspectGroups<TaskEntry>;
  readonly tasks: Pick<TaskStore, 'postponeUnclaimed'>;
  readonly retry: StoreRetry;
  readonly log: Log;
}

/** Suspects that wait here, for each that may run at a time; further ones come again later, here or elsewhere, ms. */
const WAITING_PER_PLACE = 2;
const RETRY_MS = 2000;
/** Of a suspect whose row does not say how many were suspected with it. */
const UNKNOWN_GROUP = 32;

/**
 * Suspects in this worker's hands. They wait unclaimed, and are claimed when they are about to run: a task is STARTED only then, and
 * another worker may run it first.
 */
export class Quarantine {
  private readonly inside = new Set<TaskEntry>();

  constructor(private readonly deps: QuarantineDeps) {}

  /** Whether it waits here now. `full`: it is to be {@link postpone}d. @param pool that of its contract */
  add(entry: TaskEntry, row: TaskRow, pool: PoolKind): 'waiting' | 'full' {
    const { groups, log } = this.deps;
    if (groups.size >= WAITING_PER_PLACE * groups.places) return 'full';
    const { suspected, crashes, quarantineGroup } = row;
    log.info(
      { task: entry.id, workersDied: suspected, childrenDied: crashes, group: quarantineGroup },
      'a suspect task: it runs in quarantine',
    );
    // What died alone, and what its contract wants to run alone, runs so here.
    const alone = crashes > 0 || pool !== 'async';
    const group = alone ? 1 : (quarantineGroup ?? UNKNOWN_GROUP);
    if (!entry.quarantine()) return 'waiting';
    this.inside.add(entry);
    groups.add(entry, { group, fresh: crashes > 0 || entry.options.maxCrashes === 1 });
    return 'waiting';
  }

  /** Those that may be claimed now; each has a place until {@link leave}. */
  next(): TaskEntry[] {
    return this.deps.groups.next().map(({ item }) => item);
  }

  /** Whether it was here. It has ended, was refused, or waits for something else. */
  leave(entry: TaskEntry): boolean {
    if (!this.inside.delete(entry)) return false;
    this.deps.groups.leave(entry);
    return true;
  }

  /** Those of a queue that wait: nobody else's by now, and no longer here. */
  remove(queue: string): TaskEntry[] {
    const taken = this.deps.groups.takeWaiting((entry) => entry.newTask.queue === queue && !entry.isSettled);
    for (const entry of taken) this.inside.delete(entry);
    return taken;
  }

  /** Has the outbox send it again a little later. Never rejects. */
  postpone(entry: TaskEntry, { retries, crashes, generation }: TaskRow): Promise<WriteOutcome> {
    const { tasks, retry } = this.deps;
    const at = { generation: Math.max(entry.task.generation, generation), retries, crashes };
    return retry.write(() => tasks.postponeUnclaimed([{ ...entry.newTask, ...at, kind: 'snooze', delayMs: RETRY_MS }]));
  }
}
