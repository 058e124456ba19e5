import type { WorkerId } from './task.ts';

/** Steps of one task, at most. */
export const MAX_STEPS = 1000;

/** Under which an attempt records a step. */
export interface StepClaim {
  readonly id: string;
  readonly worker: WorkerId;
  readonly claimNo: number;
}

export type KeptStep =
  /** `value` is the JSON text that stands: the given one, or that of who recorded the step first. */
  | { readonly kind: 'kept'; readonly value: string }
  /** The claim is no longer the task's: nothing was written. */
  | { readonly kind: 'stale' }
  /** The task has {@link MAX_STEPS} others. */
  | { readonly kind: 'full' };

/** What tasks have done once and need not do again. Both may be repeated. They throw StoreUnavailableError. */
export interface StepStore {
  /** JSON text of what the step came to, if it is recorded. */
  find(taskId: string, key: string): Promise<string | undefined>;
  /** Records a step under a claim that is still the task's. Of several that record it the first wins. */
  keep(claim: StepClaim, key: string, value: string): Promise<KeptStep>;
}
