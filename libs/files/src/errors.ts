import { LovageError } from '@lovage/foundation';

/** A text that cannot be the path of a file of the store: it would lead out of its folder, or not be the same everywhere. */
export class FilePathError extends LovageError {
  readonly code = 'file_path_invalid';
  constructor(readonly reason: string) {
    super(
      `not a path of a file: ${reason}; write names separated by "/", such as photos/cat.jpg, relative to the folder of files`,
    );
  }
}

/** There is no such file. */
export class FileMissingError extends LovageError {
  readonly code = 'file_missing';
  constructor(readonly path: string) {
    super(`there is no file ${JSON.stringify(path)}`);
  }
}

/** The name is taken, and the writer asked not to replace what is there. */
export class FileExistsError extends LovageError {
  readonly code = 'file_exists';
  constructor(readonly path: string) {
    super(`there is a file ${JSON.stringify(path)} already; take another path`);
  }
}

/** More bytes came than the writer allows. Nothing is kept of them. */
export class FileTooLargeError extends LovageError {
  readonly code = 'file_too_large';
  constructor(readonly limitBytes: number) {
    super(`larger than the ${limitBytes} bytes that are allowed`);
  }
}

/** The files of a user, or of all together, come to what they may. Nothing is kept of the new one. */
export class FileQuotaError extends LovageError {
  readonly code = 'files_over_quota';
  constructor(
    /** Whose quota. */
    readonly of: 'user' | 'total',
    readonly quotaBytes: number,
  ) {
    super(
      of === 'user'
        ? `your files would come to more than the ${quotaBytes} bytes that a user may store; delete some of them`
        : `the files of all users would come to more than ${quotaBytes} bytes; delete some, or have the quota raised`,
    );
  }
}

/** The disk has no room left. Nothing is kept of the file. */
export class StorageFullError extends LovageError {
  readonly code = 'storage_full';
}
