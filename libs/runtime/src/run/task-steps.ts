import { MAX_STEPS, type StepStore } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import type { StoreRetry } from '../store-retry.ts';
import { LeaseLost } from './abort-reasons.ts';
import type { Executor } from './executor.ts';
import { StepInvalidError, StepsUnavailableError } from './step-errors.ts';
import type { Steps } from './once.ts';

/** The steps of tasks as their worker keeps them: under the claim of the attempt, and as long as it takes while Postgres is away. */
export class TaskSteps implements Steps<TaskEntry> {
  constructor(
    private readonly store: StepStore,
    private readonly retry: StoreRetry,
    /** Aborts an attempt whose claim is no longer its own. */
    private readonly executor: Pick<Executor, 'abort'>,
  ) {}

  find(entry: TaskEntry, key: string): Promise<string | undefined> {
    return this.retry.until(() => this.store.find(entry.id, key));
  }

  /** @throws LeaseLost StepInvalidError StepsUnavailableError */
  async keep(entry: TaskEntry, key: string, value: string): Promise<string> {
    const { id, worker, claimNo } = entry;
    if (!entry.claimed || worker === undefined)
      throw new StepsUnavailableError('task.once needs a claim, and this task has none');
    const kept = await this.retry.until(() => this.store.keep({ id, worker, claimNo }, key, value));
    if (kept.kind === 'stale') {
      const reason = new LeaseLost();
      this.executor.abort(entry, reason);
      throw reason;
    }
    if (kept.kind === 'full') throw new StepInvalidError(key, `the task has ${MAX_STEPS} steps already`);
    return kept.value;
  }
}
