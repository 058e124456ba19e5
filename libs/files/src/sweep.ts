import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileStore } from './file-store.ts';

/**
 * Deletes what processes that were killed left unfinished, and nobody has touched for a time.
 * @param untouchedMs how long; longer than any write and any wait for a next attempt may take.
 */
export async function sweepUnfinished(store: FileStore, untouchedMs: number, now: number): Promise<void> {
  const folder = await store.unfinished();
  for (const name of await readdir(folder)) {
    const entry = join(folder, name);
    // Another process may be sweeping too.
    const found = await stat(entry).catch(() => undefined);
    if (found && found.mtimeMs < now - untouchedMs) await rm(entry, { recursive: true, force: true });
  }
}
