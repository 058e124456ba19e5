import { newId } from '@lovage/foundation';
import {
  LEAST_FILE_BYTES,
  type FileLedger,
  type FileQuota,
  type FileUsage,
  type Granted,
  type SeenFile,
} from '@lovage/ports';
import type { Database, RunStatement } from '../database.ts';
import type { ReadingPool } from '../lists/reading-pool.ts';
import { ADOPT, BEGIN, EVERYBODY, FORGET, GRANT, NAMED, REMOVE, ROWS, SETTLE, USAGE } from '../sql/files.ts';

interface More {
  readonly least: number;
  readonly most: number;
  readonly quota: FileQuota;
}

const charged = (bytes: number): number => Math.max(bytes, LEAST_FILE_BYTES);
const orNull = (bytes: number): number | null => (Number.isFinite(bytes) ? bytes : null);

/** Files and their owners, on Postgres. */
export class PgFileLedger implements FileLedger {
  constructor(
    private readonly database: Database,
    private readonly reading: ReadingPool,
  ) {}

  begin({ id, owner, ...more }: More & { id: string; owner: string }): Promise<Granted> {
    return this.database.transaction(async (run) => {
      await run(BEGIN, [id, owner]);
      const granted = await grant(run, id, more);
      if ('over' in granted) await run(REMOVE, [[id]]);
      return granted;
    });
  }

  grow(id: string, more: More): Promise<Granted> {
    return grant((statement, values) => this.database.run(statement, values), id, more);
  }

  async settle(id: string, { path, bytes }: SeenFile): Promise<void> {
    await this.database.run(SETTLE, [id, path, charged(bytes)]);
  }

  async drop(id: string): Promise<void> {
    await this.remove([id]);
  }

  async forget(paths: readonly string[]): Promise<void> {
    await this.database.run(FORGET, [paths]);
  }

  async usage(owner: string): Promise<FileUsage> {
    const rows = await this.database.run<{ owner: string; bytes: number; files: number }>(USAGE, [owner]);
    const total = rows.find((row) => row.owner === EVERYBODY);
    const mine = rows.find((row) => row.owner !== EVERYBODY);
    return { userBytes: mine?.bytes ?? 0, totalBytes: total?.bytes ?? 0, totalFiles: total?.files ?? 0 };
  }

  async adopt(files: readonly SeenFile[]): Promise<number> {
    if (files.length === 0) return 0;
    const [row] = await this.database.run<{ n: number }>(ADOPT, [
      files.map(() => newId()),
      files.map(({ path }) => path),
      files.map(({ bytes }) => charged(bytes)),
    ]);
    return row!.n;
  }

  rows(page: {
    after: string | null;
    olderThanMs: number;
    limit: number;
  }): Promise<{ id: string; path: string | null }[]> {
    return this.database.run(ROWS, [page.after, page.olderThanMs, page.limit]);
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.database.run(REMOVE, [ids]);
  }

  async named(paths: readonly string[]): Promise<string[]> {
    const pathOf = new Map(paths.flatMap((path) => spellingsOf(path).map((text) => [text, path])));
    const values = [[...pathOf.keys()]];
    const rows = await this.reading.run<{ found: string }>({ text: NAMED, values });
    return [...new Set(rows.map(({ found }) => pathOf.get(found)!))];
  }
}

async function grant(run: RunStatement, id: string, { least, most, quota }: More): Promise<Granted> {
  const [row] = await run<{ bytes: number | null; over_mine: boolean }>(GRANT, [
    ...[id, least, Math.max(least, most)],
    ...[orNull(quota.userBytes), orNull(quota.totalBytes)],
  ]);
  return row!.bytes === null ? { over: row!.over_mine ? 'user' : 'total' } : { bytes: row!.bytes };
}

/** The path as JSON may have it between its quotes: decomposed, too, and with or without escapes for what is not ASCII. */
function spellingsOf(path: string): string[] {
  const plain = [path, path.normalize('NFD')].map((text) => JSON.stringify(text).slice(1, -1));
  const escaped = plain.map((text) =>
    text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
  return [...new Set([...plain, ...escaped])];
}
