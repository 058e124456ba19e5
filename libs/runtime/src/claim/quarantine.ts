import type { Log, TaskRow, TaskStore } from '@lovage/ports';
import type { PoolKind } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { HeldTasks } from '../intake/held-tasks.ts';
import type { SuspectGroups } from '../pools/suspect-groups.ts';
import type { StoreRetry } from '../store-retry.ts';

export interface QuarantineDeps {
  readonly groups: SuspectGroups<TaskEntry>;
  readonly tasks: Pick<TaskStore, 'postponeUnclaimed'>;
  readonly retry: StoreRetry;
  readonly held: HeldTasks;
  readonly log: Log;
  /** The pool of a task by its contract. */
  poolOf(entry: TaskEntry): PoolKind;
  /** Claims those that have their places; what is granted is started. */
  claim(entries: TaskEntry[]): Promise<void>;
}

/** Suspects that wait here, for each that may run at a time; further ones come again later, here or elsewhere, ms. */
const WAITING_PER_PLACE = 2;
const AGAIN_MS = 2000;
/** Of a suspect whose row does not say how many were suspected with it. */
const UNKNOWN_GROUP = 32;

/**
 * Suspects in this worker's hands. They wait unclaimed, and are claimed when they are about to run: a task is STARTED only then, and
 * another worker may run it first.
 */
export class Quarantine {
  private readonly inside = new Set<TaskEntry>();
  private claiming: Promise<void> | undefined;
  private scheduled = false;
  private closed = false;

  constructor(private readonly deps: QuarantineDeps) {}

  add(entry: TaskEntry, row: TaskRow): void {
    const { groups, log, poolOf } = this.deps;
    if (this.closed) return;
    if (groups.size >= WAITING_PER_PLACE * groups.places) return void this.putOff(entry, row);
    const { suspected, crashes, quarantineGroup } = row;
    log.info(
      { task: entry.id, workersDied: suspected, childrenDied: crashes, group: quarantineGroup },
      'a suspect task: it runs in quarantine',
    );
    // What died alone, and what its contract wants to run alone, runs so here.
    const alone = crashes > 0 || poolOf(entry) !== 'async';
    const group = alone ? 1 : (quarantineGroup ?? UNKNOWN_GROUP);
    entry.lane = 'quarantine';
    entry.batch = undefined;
    this.inside.add(entry);
    groups.add(entry, { group, fresh: crashes > 0 || entry.options.maxCrashes === 1 });
    this.schedule();
  }

  /** It has ended, was refused, or waits for something else. */
  left(entry: TaskEntry): void {
    if (!this.inside.delete(entry)) return;
    this.deps.groups.leave(entry);
    this.schedule();
  }

  /** Those of a queue that wait: nobody else's by now, and no longer here. */
  withdraw(queue: string): TaskEntry[] {
    const taken = this.deps.groups.takeWaiting((entry) => entry.facts.queue === queue && !entry.isSettled);
    for (const entry of taken) this.inside.delete(entry);
    return taken;
  }

  /** No further claims; resolves when none is under way. What waits is left to whoever holds the entries. */
  async close(): Promise<void> {
    this.closed = true;
    await this.claiming;
  }

  private schedule(): void {
    if (this.scheduled || this.claiming || this.closed) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.claiming = this.claim().finally(() => {
        this.claiming = undefined;
      });
    });
  }

  private async claim(): Promise<void> {
    for (let next; !this.closed && (next = this.deps.groups.next()).length > 0;)
      await this.deps.claim(next.map(({ item }) => item));
  }

  private async putOff(entry: TaskEntry, row: TaskRow): Promise<void> {
    const { tasks, retry, held, log } = this.deps;
    const { retries, crashes } = row;
    const turn = Math.max(entry.task.turn, row.turn);
    try {
      await retry.until(() =>
        tasks.postponeUnclaimed([{ ...entry.facts, turn, retries, crashes, kind: 'snooze', delayMs: AGAIN_MS }]),
      );
      entry.ack();
      held.letGo(entry);
    } catch (error) {
      log.error({ err: error, task: entry.id }, 'a suspect could not be put off; its message is requeued');
      held.handBack(entry);
    }
  }
}
