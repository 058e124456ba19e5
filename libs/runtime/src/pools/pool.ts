import type { TaskEntry } from '../entry.ts';
import type { Failure } from '../run/failure.ts';
import type { EscapedKind } from '@lovage/ports';
import type { ChildDeath } from './child-death.ts';

/** How pools tell of attempts. For each that was started, one of the last four comes, once or more; the first one counts. */
export interface PoolEvents {
  /** The handler begins: its time limits run from here. */
  begun(entry: TaskEntry): void;
  /** @param result JSON text. */
  succeeded(entry: TaskEntry, result: string): void;
  /** @param thrown by the handler, or why the pool could not run it. */
  failed(entry: TaskEntry, thrown: unknown): void;
  /** The same of what was read where it was thrown. */
  failedAs(entry: TaskEntry, failure: Failure): void;
  /** The child that ran it died, by no doing of ours. */
  died(entry: TaskEntry, death: ChildDeath): void;
}

/** A task whose code an error came from. */
export interface Culprit {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  /** While it is in this worker's hands. */
  readonly entry: TaskEntry | undefined;
}

/** How pools with children tell of errors that nobody caught there. The child of an `exception` takes no further task. */
export interface ChildEscapes {
  escaped(kind: EscapedKind, error: unknown, culprits: readonly Culprit[]): void;
}

/** Runs handlers: in this event loop, in threads, or in child processes. */
export interface Pool {
  /** Whether {@link kill} ends the code itself, not only the attempt. */
  readonly endsCode: boolean;
  /** Begins an attempt, or lets it wait for a child. What came of it may be told before this returns. */
  start(entry: TaskEntry): void;
  /** It waits for a child, and has not begun. */
  isWaiting(entry: TaskEntry): boolean;
  /** Aborts the attempt's signal; one that still waits for a child fails with the reason at once. */
  abort(entry: TaskEntry, reason: Error): void;
  /** Aborts, and after `graceMs` ends the attempt, which has then failed with `reason` whatever it did meanwhile. */
  kill(entry: TaskEntry, reason: Error, graceMs: number): void;
  /** Resolves when no child is left. */
  stop(): Promise<void>;
}

/** A pool that also runs tasks of one batch contract together. */
export interface BatchPool extends Pool {
  startBatch(entries: readonly TaskEntry[]): void;
}

/** The children of a pool. */
export interface ChildCounts {
  readonly alive: number;
  /** Died by no doing of ours, since the worker's start. */
  readonly died: number;
}
