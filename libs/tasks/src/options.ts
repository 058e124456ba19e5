import type { FileLedger, RetentionStore } from '@lovage/ports';
import type { AnyContract, CompiledRetention } from '@lovage/task';

/** What the handlers that ship are given by the one who makes the worker. */
export interface TasksOptions {
  /** Folder, absolute, of what handlers write: files in `files`, mails in `mails`. */
  readonly dataDir: string;
  readonly files: {
    /** Largest file that is fetched, bytes. */
    readonly limit: number;
    /** Hosts, or `host:port`, that may be fetched from although their addresses are not public. */
    readonly allowHosts: readonly string[];
    /** Files that were written longer ago are deleted, ms; `Infinity`: none. */
    readonly retentionMs: number;
  };
  readonly mail: {
    /** `smtp://` or `smtps://`. Undefined: each mail becomes a file. */
    readonly smtpUrl: string | undefined;
    /** Sender of every mail: an address, or `Name <address>`. */
    readonly from: string;
  };
  readonly webhooks: {
    /** Secrets that sign webhooks, by name: `whsec_` and base64. Of several with a name each signs. */
    readonly secrets: Readonly<Record<string, readonly string[]>>;
  };
  readonly results: {
    /** How long an ended task is kept, ms, and a firing. */
    readonly retentionMs: number;
    /** The same by the state that a task ended in, where it differs; `Infinity`: for ever. */
    readonly retentionByState: CompiledRetention;
    /** How long a dead letter is kept, ms. */
    readonly deadLettersMs: number;
  };
}

/** What handlers of the platform's own upkeep work on. */
export interface TasksDeps {
  readonly retention: RetentionStore;
  readonly files: FilesToSweep;
  /** Whose own rules of retention hold; tasks of other names are kept as the options say. */
  readonly contracts: readonly AnyContract[];
}

/** What the sweep of files asks. */
export type FilesToSweep = Pick<FileLedger, 'adopt' | 'forget' | 'rows' | 'remove' | 'named'>;

/** Nest token of {@link TasksDeps.files}. */
export const FILE_LEDGER: unique symbol = Symbol('lovage.file-ledger');

/** Nest token of {@link TasksDeps.retention}. */
export const RETENTION: unique symbol = Symbol('lovage.retention');

/** Nest token of {@link TasksDeps.contracts}. */
export const CONTRACTS: unique symbol = Symbol('lovage.tasks-contracts');

/** Nest token of {@link TasksOptions}. */
export const TASKS_OPTIONS: unique symbol = Symbol('lovage.tasks-options');
