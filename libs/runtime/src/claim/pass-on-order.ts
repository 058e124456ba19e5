import type { PassOnNeed, PassOnReason } from '@lovage/ports';
import type { InputMisfitError } from '@lovage/task';

/** Why a task is passed on, to whom, and what becomes of it where nobody serves it. */
export interface PassOnOrder {
  readonly reason: PassOnReason;
  /** What another worker must have to run it, beside a handler for the contract. */
  readonly need?: PassOnNeed;
  /** False: it ends at once when no live worker serves it. Default: it waits for one, as long as the worker's limits say. */
  readonly waits?: boolean;
  /** It ends as this, its message held for redrive. Default: `NotRegistered`, its message a dead letter. */
  readonly misfit?: InputMisfitError;
}

export const NOT_SERVED: PassOnOrder = { reason: 'not_served' };
