import { hasCode } from '@lovage/foundation';
import type { FileTooLargeError } from '@lovage/files';
import type { AnyContract } from '@lovage/task';
import type { EncodingRefusedError, HttpStatusError, UrlRefusedError } from './errors.ts';

/**
 * What went wrong in a fetch, or with a path, as the error that the contract declares for it; anything else as it is.
 * @param contract one that declares `fetchErrors` and `pathErrors`
 * @param path that the input gave
 */
export function declare(contract: AnyContract, error: unknown, path: string | undefined): unknown {
  if (hasCode(error, 'url_refused')) {
    const { host, reason, message } = error as UrlRefusedError;
    return contract.error('UrlRefused', { host, reason }, message);
  }
  if (hasCode(error, 'http_status'))
    return contract.error('HttpStatus', { status: (error as HttpStatusError).status }, error.message);
  if (hasCode(error, 'encoding_refused'))
    return contract.error('EncodingRefused', { encoding: (error as EncodingRefusedError).encoding }, error.message);
  if (hasCode(error, 'file_too_large'))
    return contract.error('TooLarge', { limit: (error as FileTooLargeError).limitBytes }, error.message);
  if (hasCode(error, 'file_path_invalid')) return contract.error('PathInvalid', { path: path ?? '' }, error.message);
  return error;
}
