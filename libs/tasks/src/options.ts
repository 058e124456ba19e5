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
}

/** Nest token of {@link TasksOptions}. */
export const TASKS_OPTIONS: unique symbol = Symbol('lovage.tasks-options');
