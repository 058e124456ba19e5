import type { TaskRow } from './task.ts';
import type { EndedOurs, PostponeItem, RecordItem } from './task-ends.ts';

/** Attempts that end and free slots of concurrency limits. */
export type FreeingEnds =
  | { readonly kind: 'record'; readonly items: readonly RecordItem[] }
  | { readonly kind: 'postpone'; readonly items: readonly PostponeItem[] };

/** What a worker that frees slots does with the tasks that get them. */
export interface HandOverWish {
  /** Keys of the slots; of each the worker claims at most so many at once, those that were submitted first. */
  readonly keys: readonly { readonly key: string; readonly claim: number }[];
  /** It claims those of these queues alone. */
  readonly queues: readonly string[];
  /** Ids of tasks that it does not claim. */
  readonly except: readonly string[];
  /** One for each that it may claim. */
  readonly claimNos: readonly number[];
  /** For so long the messages of the others are its own, to be sent now, ms. */
  readonly leaseMs: number;
  /** The same call was made before, and what came of it is not known. */
  readonly repeated: boolean;
}

/** A task that has got a slot. */
export interface Successor {
  readonly task: TaskRow;
  readonly key: string;
  /** Under which the worker has claimed it: it is to be run, no message comes. Null: its message is to be sent. */
  readonly claimNo: number | null;
  /** Of its message. */
  readonly generation: number;
}

export interface HandedOver {
  readonly ours: EndedOurs;
  readonly successors: readonly Successor[];
}
