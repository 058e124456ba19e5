import type { Stores } from '@lovage/ports';

/** What the suite needs of a library of stores: the stores, and hands for what only time or a death does to them. */
export interface StoreUnderTest {
  readonly stores: Stores;
  /** A live worker. With an id: the next start of one that died, under its name. */
  worker(next?: { readonly id: string; readonly name: string }): Promise<{ id: string; name: string }>;
  /** This worker is dead from now on: its lease has lapsed. */
  lapse(worker: string): Promise<void>;
  /** These tasks are so much older, ended ones included. */
  age(tasks: readonly string[], ms: number): Promise<void>;
  /** The expiry of this task has passed. */
  expire(task: string): Promise<void>;
  /** No task, message, dead letter, worker or limit is left. */
  clear(): Promise<void>;
  /** Which of these tasks have a message in the outbox. */
  withMessage(tasks: readonly string[]): Promise<string[]>;
  /** Which task has each of these uniqueness keys; keys that nobody has are left out. */
  uniqueHolders(keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The keys of concurrency limits. */
  slots(): Promise<readonly KeySlots[]>;
  /** After the last test. */
  dispose(): Promise<void>;
}

export interface KeySlots {
  readonly key: string;
  /** Slots that tasks have. */
  readonly taken: number;
  /** As the store counts them. */
  readonly counted: number;
  /** How many there may be; null: any number. */
  readonly most: number | null;
  /** Tasks that wait for one. */
  readonly waiting: number;
}

export interface StoreConformanceOptions {
  /** For the title. */
  readonly name: string;
  /** Called once. */
  create(): Promise<StoreUnderTest>;
}
