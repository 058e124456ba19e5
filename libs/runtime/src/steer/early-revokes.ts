import type { RevokedTask, TaskStore } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import type { Outcome } from '../run/outcome.ts';
import type { StoreRetry } from '../store-retry.ts';
import type { ToldBy } from './told-revokes.ts';

/** What is to become of a task that had been revoked when it came. */
export type EarlyDecision =
  /** It has a row, which knows now that it is cancelled: that decides. */
  | { readonly kind: 'row' }
  /** It has none: this is its end. */
  | { readonly kind: 'end'; readonly outcome: Outcome }
  | { readonly kind: 'unwritten'; readonly error: unknown };

/** Ends tasks that were revoked before they came. */
export class EarlyRevokes {
  constructor(private readonly deps: { readonly tasks: Pick<TaskStore, 'revokeMany'>; readonly retry: StoreRetry }) {}

  /** Never rejects. */
  async decide({ id, task }: TaskEntry, { actor, reason }: ToldBy): Promise<EarlyDecision> {
    let revoked: RevokedTask | undefined;
    try {
      const { tasks, retry } = this.deps;
      [revoked] = await retry.until(() => tasks.revokeMany([id], { actor, reason }));
    } catch (error) {
      return { kind: 'unwritten', error };
    }
    if (task.hasRow || (revoked && revoked.outcome.kind !== 'unknown')) return { kind: 'row' };
    const error = { type: 'Revoked', message: reason, data: { actor, reason } };
    return { kind: 'end', outcome: { kind: 'revoked', error } };
  }
}
