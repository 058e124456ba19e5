import type { Log, TaskRow, TaskSituation, TaskStore, WorkerLease } from '@lovage/ports';
import { isTerminal } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { StoreRetry } from '../store-retry.ts';
import { grant, type Claimer } from './claimer.ts';

export interface RefusedDeps {
  readonly name: string;
  readonly tasks: TaskStore;
  readonly lease: WorkerLease;
  readonly retry: StoreRetry;
  readonly claimer: Pick<Claimer, 'nextClaimNo' | 'takeSlot'>;
  readonly log: Log;
  /** Nothing speaks against the claim any more: make it again, a little later. */
  tryAgain(entry: TaskEntry): void;
  onTakenOver(entry: TaskEntry): void;
  /** It is over: tell whoever waits (again), then the message goes. */
  onOver(entry: TaskEntry, row: TaskRow): void;
  /** It expired before anybody had made a row. */
  onExpiredRowless(entry: TaskEntry): void;
  /** Gone from this worker without having run. */
  onDropped(entry: TaskEntry): void;
}

/**
 * Decides about messages whose claim was not granted, by reading their rows. Nothing is acked before the row has said
 * that the task is over, or is guarded by somebody else.
 */
export class RefusedClaims {
  constructor(private readonly deps: RefusedDeps) {}

  async resolve(entries: readonly TaskEntry[]): Promise<void> {
    const situations = await this.deps.retry.until(() => this.deps.tasks.situations(entries.map((entry) => entry.id)));
    const byId = new Map(situations.map((situation) => [situation.row.id, situation]));
    for (const entry of entries) await this.decide(entry, byId.get(entry.id));
  }

  private async decide(entry: TaskEntry, situation: TaskSituation | undefined): Promise<void> {
    if (!situation) return this.decideWithoutRow(entry);
    const { row, claimWorker, claimNo } = situation;
    if (isTerminal(row.state)) return this.deps.onOver(entry, row);
    if (claimWorker === null || claimNo === null) return this.decideUnclaimed(entry, situation);
    // The sweep guards a living holder: should it die, a new message comes.
    if (situation.holderAlive && claimWorker !== this.deps.lease.id) return this.drop(entry, 'held by another worker');
    await this.takeOver(entry, row, { worker: claimWorker, claimNo });
  }

  private async decideUnclaimed(entry: TaskEntry, { row, expired }: TaskSituation): Promise<void> {
    if (row.cancelAt !== null || expired) {
      await this.deps.retry.until(() => this.deps.tasks.endUnclaimed(entry.id));
      const ended = await this.deps.retry.until(() => this.deps.tasks.get(entry.id));
      if (ended && isTerminal(ended.state)) return this.deps.onOver(entry, ended);
      return this.deps.tryAgain(entry);
    }
    const { turn } = entry.task;
    if (turn >= 0 && row.turn > turn) return this.drop(entry, 'a later message of the task is the valid one');
    // Nothing speaks against it: our own lease had lapsed at that moment, or the row came free in between.
    this.deps.tryAgain(entry);
  }

  private decideWithoutRow(entry: TaskEntry): void {
    const { expiresAt } = entry.facts;
    if (entry.task.hasRow) return this.drop(entry, 'it ran, and its row is past retention');
    if (expiresAt !== null && expiresAt <= Date.now()) return this.deps.onExpiredRowless(entry);
    this.deps.tryAgain(entry);
  }

  private async takeOver(entry: TaskEntry, row: TaskRow, from: { worker: string; claimNo: number }): Promise<void> {
    const worker = this.deps.lease.id;
    const claim = { id: entry.id, claimNo: this.deps.claimer.nextClaimNo(), from };
    const taken = await this.deps.retry.until(() =>
      this.deps.tasks.takeOver({ id: worker, name: this.deps.name }, claim),
    );
    // Somebody was faster, or our lease lapsed: the row decides again.
    if (!taken) return this.deps.tryAgain(entry);
    if (taken === 'revoked') {
      const ended = await this.deps.retry.until(() => this.deps.tasks.get(entry.id));
      return ended ? this.deps.onOver(entry, ended) : this.drop(entry, 'called off, and deleted since');
    }
    this.deps.log.info(
      { task: entry.id, from: from.worker, suspected: taken.suspected },
      'took over from a dead worker',
    );
    entry.worker = worker;
    entry.claimNo = claim.claimNo;
    grant(entry, taken);
    this.deps.claimer.takeSlot(entry);
    this.deps.onTakenOver(entry);
  }

  private drop(entry: TaskEntry, why: string): void {
    this.deps.log.debug({ task: entry.id, why }, 'message dropped');
    entry.ack();
    this.deps.onDropped(entry);
  }
}
