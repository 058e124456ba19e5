import { createHash } from 'node:crypto';
import { FileTooLargeError } from './errors.ts';
import type { FilePath } from './file-path.ts';
import type { FileStore } from './file-store.ts';

export interface WriteFileOptions {
  /** A longer source is {@link FileTooLargeError}. Default: no limit. */
  readonly limitBytes?: number;
  /** Put the file into the place of one that is there. Default true. */
  readonly replace?: boolean;
  readonly signal?: AbortSignal;
}

export interface WrittenFile {
  readonly path: FilePath;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Writes a whole file from a stream or from chunks at hand.
 * @throws FilePathError FileExistsError FileTooLargeError StorageFullError, and what the source or the signal brings;
 *   then nothing is left of it.
 */
export async function writeFile(
  store: FileStore,
  path: string,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { limitBytes = Infinity, replace = true, signal }: WriteFileOptions = {},
): Promise<WrittenFile> {
  const scratch = await store.scratch();
  const hash = createHash('sha256');
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      if (scratch.bytes + chunk.length > limitBytes) throw new FileTooLargeError(limitBytes);
      hash.update(chunk);
      await scratch.write(chunk);
    }
    const { bytes } = scratch;
    return { path: await store.publish(scratch, path, replace), bytes, sha256: hash.digest('hex') };
  } finally {
    await scratch.discard();
  }
}
