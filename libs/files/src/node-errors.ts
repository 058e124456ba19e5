import { toError } from '@lovage/foundation';
import { StorageFullError } from './errors.ts';

/** The code of an error of Node's, such as `ENOENT`; an empty text for anything else. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** An error of writing, told apart when there is no room left. */
export function writeError(error: unknown): Error {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT'
    ? new StorageFullError('there is no room left on the disk', { cause: error })
    : toError(error);
}
