import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { FileStore } from './file-store.ts';

/** The SHA-256 of a file's content, hex. @throws FilePathError FileMissingError */
export async function hashOf(store: FileStore, path: string): Promise<string> {
  const { handle } = await store.open(path);
  const hash = createHash('sha256');
  // The stream closes the handle, however it ends.
  await pipeline(handle.createReadStream(), hash);
  return hash.digest('hex');
}
