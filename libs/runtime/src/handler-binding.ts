import type { AnyContract, BatchItem, TaskContext } from '@lovage/task';

/** Runs one contract. May answer a value or a promise of one; throws to fail. */
export type Handle = (input: unknown, task: TaskContext) => unknown;

/**
 * Runs many tasks of one contract. Answers a list with an outcome for each (`item.succeeded(…)`, `item.failed(…)`), or a promise
 * of one; what it throws is the failure of each.
 */
export type BatchHandle = (items: readonly BatchItem[]) => unknown;

export interface HandlerBinding {
  readonly contract: AnyContract;
  /** Runs one task; of a batch contract, as a batch of one. */
  readonly handle: Handle;
  /** Of a batch contract. */
  readonly handleBatch?: BatchHandle;
}
