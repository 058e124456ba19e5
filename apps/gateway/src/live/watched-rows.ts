import type { WatchedTask } from '@lovage/ports';
import type { WatchedIds } from './live-source.ts';

/** Rows that one read looks at, at most. More are read in rounds, and each is told of later. */
const MOST_AT_ONCE = 2_000;

/** A row as it was read last. */
interface Row {
  /** undefined: there is none; it was deleted. */
  readonly task: WatchedTask | undefined;
  readonly fits: boolean;
  readonly text: string;
  /** In which it changed last. */
  readonly revision: number;
}

interface Followed {
  watchers: number;
  row: Row | undefined;
}

/** A task, with whether it still fits the filter. */
export interface ReadRow {
  readonly task: WatchedTask;
  readonly fits: boolean;
}

/** The tasks of a list that clients watch by name, for they have them in sight, and how each was when it was read last. */
export class WatchedRows {
  /** By the id of the row; those that were looked at longest ago come first. */
  private readonly followed = new Map<string, Followed>();

  /** Counts a watcher for each, until the function that it gives is called. */
  follow(ids: WatchedIds): () => void {
    for (const id of ids.keys()) {
      const known = this.followed.get(id);
      if (known) known.watchers += 1;
      // What nobody has read yet is read first.
      else this.followed.set(id, { watchers: 1, row: undefined });
    }
    return () => {
      for (const id of ids.keys()) {
        const known = this.followed.get(id);
        if (known && --known.watchers === 0) this.followed.delete(id);
      }
    };
  }

  /** Which to look at now, but for those that are read anyhow. */
  due(isRead: (id: string) => boolean): string[] {
    const ids: string[] = [];
    for (const id of this.followed.keys()) {
      if (ids.length === MOST_AT_ONCE) break;
      if (!isRead(id)) ids.push(id);
    }
    return ids;
  }

  /** Takes what was read of those that were due: `found` has no row of one that was deleted. Tells whether any has changed. */
  take(due: readonly string[], found: ReadonlyMap<string, ReadRow>, revision: number): boolean {
    let changed = false;
    for (const id of due) {
      const known = this.followed.get(id);
      if (!known) continue;
      const { task, fits = false } = found.get(id) ?? {};
      const text = JSON.stringify([fits, task]);
      if (known.row?.text !== text) {
        changed = true;
        known.row = { task, fits, text, revision };
      }
      this.followed.delete(id);
      this.followed.set(id, known);
    }
    return changed;
  }

  /** Of these what changed after a revision. */
  *since(revision: number, ids: WatchedIds): Generator<{ readonly id: string; readonly row: Row }> {
    for (const id of ids.keys()) {
      const row = this.followed.get(id)?.row;
      if (row && row.revision > revision) yield { id, row };
    }
  }
}
