import type { RetentionStore } from '@lovage/ports';

/** What the handlers that ship are given by whoever makes the worker. */
export interface TasksOptions {
  /** Folder, absolute, of what handlers write: files in `files`, mails in `mails`. */
  readonly dataDir: string;
  readonly files: {
    /** Largest file that is fetched, bytes. */
    readonly limit: number;
    /** Hosts, or `host:port`, that may be fetched from although their addresses are not public. */
    readonly allowHosts: readonly string[];
  };
  readonly mail: {
    /** `smtp://` or `smtps://`. Undefined: each mail becomes a file. */
    readonly smtpUrl: string | undefined;
    /** Sender of every mail: an address, or `Name <address>`. */
    readonly from: string;
  };
  readonly results: {
    /** How long an ended task is kept, ms. */
    readonly retentionMs: number;
  };
}

/** What handlers of the platform's own upkeep work on. */
export interface TasksDeps {
  readonly retention: RetentionStore;
}

/** Nest token of {@link TasksDeps.retention}. */
export const RETENTION: unique symbol = Symbol('lovage.retention');

/** Nest token of {@link TasksOptions}. */
export const TASKS_OPTIONS: unique symbol = Symbol('lovage.tasks-options');
