import { hasCode } from '@lovage/foundation';
import type { Clock, Log, TaskStore, WorkerLease } from '@lovage/ports';
import type { TerminalState } from '@lovage/task';
import type { Claimer } from '../claim/claimer.ts';
import { toItem } from '../claim/to-item.ts';
import type { TaskEntry } from '../entry.ts';
import type { HeldTasks } from '../intake/held-tasks.ts';
import type { Outcome } from '../run/outcome.ts';
import type { StoreRetry } from '../store-retry.ts';
import type { Recorder } from './recorder.ts';
import type { Replies } from './replies.ts';

/** Before a claim that has vanished more than once is made again: the first and the longest pause, ms. */
const RENEW_MS = 50;
const LONGEST_RENEW_MS = 5000;

export interface UnclaimedEndsDeps {
  readonly name: string;
  readonly tasks: TaskStore;
  readonly lease: WorkerLease;
  readonly retry: StoreRetry;
  readonly claimer: Pick<Claimer, 'nextClaimNo'>;
  readonly recorder: Pick<Recorder, 'add'>;
  readonly replies: Replies;
  readonly held: HeldTasks;
  readonly clock: Clock;
  readonly log: Log;
  /** Postgres refuses a value of it: no row will ever be made. */
  onUnclaimable(entry: TaskEntry, error: Error): void;
  /** The claim went to somebody else: the row decides. */
  onRefused(entries: TaskEntry[]): void;
}

/** Ends of tasks that no claim of this worker guards at that moment: rare, so each is a call of its own. */
export class UnclaimedEnds {
  constructor(private readonly deps: UnclaimedEndsDeps) {}

  /** The claim is gone although nobody else has it; what happened is still true: claims anew, and has it recorded. */
  async claimAnew(entry: TaskEntry, outcome: Outcome): Promise<void> {
    const { name, tasks, lease, retry, claimer, recorder, held, log } = this.deps;
    try {
      // Once is chance; a claim that vanishes again and again is not renewed without a pause.
      if (entry.renewals > 0) await retry.pause(Math.min(RENEW_MS * 2 ** entry.renewals, LONGEST_RENEW_MS));
      entry.renewals += 1;
      const worker = lease.id;
      entry.worker = worker;
      entry.claimNo = claimer.nextClaimNo();
      const [granted] = await retry.until(() =>
        tasks.claim({ id: worker, name }, [toItem(entry)], { durable: true, suspects: true }),
      );
      if (granted) return recorder.add(entry, outcome);
      // Should it have to run again, this result is forgotten.
      entry.claimed = false;
      this.deps.onRefused([entry]);
    } catch (error) {
      if (hasCode(error, 'value_refused')) return this.deps.onUnclaimable(entry, error);
      log.error({ err: error, task: entry.id }, 'a lost claim could not be renewed; the message goes back');
      held.handBack(entry);
    }
  }

  /** Of a task that has no row and is not run: the row is made as it ends. */
  async endRowless(entry: TaskEntry, state: TerminalState): Promise<void> {
    const { name, tasks, retry, replies, held, clock, log } = this.deps;
    try {
      const item = {
        task: entry.facts,
        state,
        retries: entry.retries,
        worker: name,
        result: null,
        error: null,
        startedAt: clock.now(),
      };
      await retry.until(() => tasks.recordFinal([item]));
      replies.ended(entry, state, null, null);
      entry.ack();
      held.letGo(entry);
    } catch (error) {
      if (hasCode(error, 'value_refused')) return this.deps.onUnclaimable(entry, error);
      log.error({ err: error, task: entry.id }, `${state} could not be recorded; the message goes back`);
      held.handBack(entry);
    }
  }
}
