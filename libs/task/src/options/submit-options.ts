import type { Duration } from '@lovage/foundation';
import type { RetryOptions } from './retry-options.ts';
import type { SubmitUnique } from './unique-options.ts';

/** How one task is to be sent, whichever program submits it; what is left out is as its contract says. */
export interface TaskSubmitOptions {
  /** Queue to send it to, instead of the contract's. A queue that no contract names is not made: some worker must serve it. */
  queue?: string;
  /**
   * From 0 to 9, higher is more urgent: of what waits in its queue it runs first. Its retries keep it. Default: the contract's, else
   * none, which is in the middle, as 4 is. Queues tell three levels apart: up to 3, 4 to 6, from 7 on.
   */
  priority?: number;
  /** Run it this long from now. It waits in the outbox, so no worker holds it. */
  delay?: Duration;
  /** Run it at this time; in the past: now. Not together with `delay`. */
  eta?: Date;
  /** If it has not started this long after the submit, or at this time, it becomes `EXPIRED`. */
  expires?: Duration | Date;
  /** Ends it `FAILURE` `TimeLimitExceeded` after so long a run. */
  timeLimit?: Duration;
  /** Aborts the handler's signal after so long a run. */
  softTimeLimit?: Duration;
  /** How its failures are retried; what is left out is as in the contract. At most 4,000 characters as JSON. */
  retry?: RetryOptions;
  /**
   * The first submit with this key wins; the same submit again gives the same task (`fresh` is false), another one
   * an `idempotency_key_reused` error. Holds for 24 hours, per user and contract.
   */
  idempotencyKey?: string;
  /**
   * Makes no second task while another one of the same work conflicts; `false`: the contract's rule does not hold for it.
   * What is left out is as in the contract. See `docs/unique.md`.
   */
  unique?: boolean | SubmitUnique;
  /**
   * Texts by which it is found, besides those that its contract takes from the input. At most 20 in all, each of 1 to 100 characters without
   * control characters.
   */
  tags?: readonly string[];
}

/** Why a submit made no task: its idempotency key had been used, or a task of the same work conflicts. */
export type EarlierBy = 'idempotencyKey' | 'unique';
