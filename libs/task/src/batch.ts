import type { z } from 'zod';
import type { TaskContext } from './context.ts';
import type { AnyContract, Input, Output } from './contract.ts';

/** What one task of a batch came to. It names its task: the order of outcomes says nothing. */
export type BatchOutcome<C extends AnyContract = AnyContract> =
  | { readonly id: string; readonly ok: true; readonly value: z.input<C['output']> | Output<C> }
  | { readonly id: string; readonly ok: false; readonly error: Error };

/** One task of a batch, as its handler gets it. Its methods may be taken off it: `({ input, succeeded }) => …`. */
export interface BatchItem<C extends AnyContract = AnyContract> {
  /** Validated. */
  readonly input: Input<C>;
  /** Of this task alone: its `signal` is aborted when it is cancelled, and the others go on. */
  readonly task: TaskContext<C>;
  /** Its outcome: it has succeeded with this. */
  readonly succeeded: (output: z.input<C['output']> | Output<C>) => BatchOutcome<C>;
  /**
   * Its outcome: what throwing this would do in a handler of one task. A declared error of the contract is its answer;
   * `task.retry(…)` and `task.snooze(…)` run it again later; any other error fails it, or retries it by its policy.
   */
  readonly failed: (error: Error) => BatchOutcome<C>;
}

/**
 * An item as a worker makes them; for calling a batch handler by hand, in a test of it.
 */
export function batchItem<C extends AnyContract>(input: Input<C>, task: TaskContext<C>): BatchItem<C> {
  const { id } = task;
  return {
    input,
    task,
    succeeded: (value) => ({ id, ok: true, value }),
    failed: (error) => ({ id, ok: false, error }),
  };
}
