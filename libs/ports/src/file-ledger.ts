/** Least bytes that a file counts for: a block of the disk, so that empty files are not free. */
export const LEAST_FILE_BYTES = 4096;

/** How much may be stored, bytes; `Infinity`: any amount. */
export interface FileQuota {
  readonly userBytes: number;
  readonly totalBytes: number;
}

/** What a user's files and everybody's count for. Uploads under way count for what they have been granted. */
export interface FileUsage {
  readonly userBytes: number;
  readonly totalBytes: number;
  readonly totalFiles: number;
}

/** Bytes that an upload may write, or the quota that does not allow it. */
export type Granted = { readonly bytes: number } | { readonly over: 'user' | 'total' };

/** A file as the disk tells of it. */
export interface SeenFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Who stored which file, and how much it is: one row a file. An upload is granted its bytes before it writes them, so uploads
 * that run at once, on any number of gateways, stay within the quotas together. All throw StoreUnavailableError.
 */
export interface FileLedger {
  /** An upload begins, and is granted what there is, from `least` to `most` bytes. When it is not, nothing is kept. */
  begin(upload: {
    readonly id: string;
    readonly owner: string;
    readonly least: number;
    readonly most: number;
    readonly quota: FileQuota;
  }): Promise<Granted>;
  /** It needs more. When it is not granted, what it had stays. */
  grow(
    id: string,
    more: { readonly least: number; readonly most: number; readonly quota: FileQuota },
  ): Promise<Granted>;
  /** All of it has been written, and will have this path. */
  settle(id: string, file: SeenFile): Promise<void>;
  /** Nothing is left of it. */
  drop(id: string): Promise<void>;
  /** The file of this path was deleted. */
  forget(paths: readonly string[]): Promise<void>;
  usage(owner: string): Promise<FileUsage>;
  /** Brings rows in step with files on the disk; a file without a row gets one, of nobody. Gives how many did. */
  adopt(files: readonly SeenFile[]): Promise<number>;
  /** Rows that are older, in the order of their ids; an upload that was not finished has no path. */
  rows(page: {
    readonly after: string | null;
    readonly olderThanMs: number;
    readonly limit: number;
  }): Promise<{ readonly id: string; readonly path: string | null }[]>;
  /** Deletes rows, not files. */
  remove(ids: readonly string[]): Promise<void>;
  /** Which of the paths tasks name that have not ended: a string somewhere in the input that is the path. */
  named(paths: readonly string[]): Promise<string[]>;
}
