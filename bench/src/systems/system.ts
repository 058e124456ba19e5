import type { TestProcess } from '@lovage/testing/start-process';

/** When a producer began and when everything was confirmed, ms since the epoch. */
export interface Produced {
  readonly start: number;
  readonly end: number;
}

/** Something that takes tasks, runs them in one worker process and stores their results. */
export interface System {
  readonly name: string;
  /** How many tasks of a run it gets through in a time like that of the others, as a share. */
  readonly share: number;
  /** Empties queues and results; nothing of it runs. */
  reset(): Promise<void>;
  /** Resolves when it consumes. */
  startWorker(): Promise<TestProcess>;
  /** Submits n tasks from a process of its own; resolves when all are confirmed. */
  submit(n: number): Promise<Produced>;
  /** From submit to result at the waiting client, ms, of n calls, `rate` a second. */
  latency(rate: number, n: number): Promise<number[]>;
  /** Results that are stored. */
  count(): Promise<number>;
  /** Results that are stored and right. */
  countRight(): Promise<number>;
}

/** Tasks that a producer has in flight. */
export const IN_FLIGHT = 1000;

/** For whatever a run waits for, ms: longer means that something is broken. */
export const TIMEOUT_MS = 300_000;
