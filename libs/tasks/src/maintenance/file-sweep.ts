import type { FileStore, ListedFile } from '@lovage/files';
import { hasCode } from '@lovage/foundation';
import type { FilesToSweep } from '../options.ts';

/** Files or rows of one statement. */
const BATCH = 500;
/** A row may stand without a file for as long: uploads end sooner. */
const UNFINISHED_MS = 3600_000;

export interface SweptFiles {
  files: number;
  adopted: number;
  deleted: number;
  kept: number;
  lost: number;
}

export interface FileSweepOptions {
  readonly store: FileStore;
  readonly ledger: FilesToSweep;
  /** Files that were written longer ago are deleted; `Infinity`: none. */
  readonly retentionMs: number;
  /** ms since the epoch. */
  readonly now: number;
  /** Asked between two batches; true: it ends with what it has done. */
  readonly isOver: () => boolean;
  readonly onBatch: (files: number) => void;
}

/** Brings rows in step with the files on the disk, and deletes files past their age. Two at once do no harm. */
export class FileSweep {
  readonly swept: SweptFiles = { files: 0, adopted: 0, deleted: 0, kept: 0, lost: 0 };

  constructor(private readonly options: FileSweepOptions) {}

  /** Whether all was looked at. @throws StoreUnavailableError */
  async run(): Promise<boolean> {
    const { store, isOver } = this.options;
    let batch: ListedFile[] = [];
    for await (const file of store.walk()) {
      if (batch.push(file) < BATCH) continue;
      await this.take(batch);
      batch = [];
      if (isOver()) return false;
    }
    await this.take(batch);
    return !isOver() && this.dropLostRows();
  }

  private async take(batch: readonly ListedFile[]): Promise<void> {
    const { ledger, now, retentionMs, onBatch } = this.options;
    this.swept.files += batch.length;
    const old = batch.filter(({ modifiedAt }) => modifiedAt < now - retentionMs).map(({ path }) => path);
    const gone = new Set(old.length === 0 ? [] : await this.deleteUnnamed(old));
    this.swept.adopted += await ledger.adopt(batch.filter(({ path }) => !gone.has(path)));
    onBatch(this.swept.files);
  }

  private async deleteUnnamed(paths: readonly string[]): Promise<string[]> {
    const { store, ledger } = this.options;
    const named = new Set(
      await ledger.named(paths).catch((error: unknown) => {
        // Too many tasks wait to tell in time: what may be named stays.
        if (hasCode(error, 'store_busy')) return paths;
        throw error;
      }),
    );
    const gone = paths.filter((path) => !named.has(path));
    for (const path of gone)
      await store.delete(path).catch((error: unknown) => {
        if (!hasCode(error, 'file_missing')) throw error;
      });
    await ledger.forget(gone);
    this.swept.kept += named.size;
    this.swept.deleted += gone.length;
    return gone;
  }

  /** Of files that were deleted by other means, and of uploads whose gateway died. */
  private async dropLostRows(): Promise<boolean> {
    const { store, ledger, isOver } = this.options;
    for (let after: string | null = null; ;) {
      const rows = await ledger.rows({ after, olderThanMs: UNFINISHED_MS, limit: BATCH });
      const lost: string[] = [];
      for (const { id, path } of rows) if (path === null || !(await store.has(path))) lost.push(id);
      await ledger.remove(lost);
      this.swept.lost += lost.length;
      if (rows.length < BATCH) return true;
      if (isOver()) return false;
      after = rows.at(-1)!.id;
    }
  }
}
