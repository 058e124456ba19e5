import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TasksDeps, TasksOptions } from '../options.ts';

/** A data directory of its own, and options that lead there. */
export class TestFiles implements Disposable {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'lovage-tasks-'));
  readonly files = join(this.dataDir, 'files');

  options(files: Partial<TasksOptions['files']> = {}): TasksOptions {
    return {
      dataDir: this.dataDir,
      files: { limit: 100 * 1024 ** 2, allowHosts: [], retentionMs: Infinity, ...files },
      mail: { smtpUrl: undefined, from: 'Lovage <lovage@example.org>' },
      webhooks: { secrets: {} },
      results: { retentionMs: 60_000, retentionByState: {}, deadLettersMs: 60_000 },
    };
  }

  /** A store with nothing in it. */
  deps(): TasksDeps {
    return {
      retention: {
        pruneTasks: async function* () {},
        pruneFirings: () => Promise.resolve(0),
        pruneDeadLetters: () => Promise.resolve(0),
      },
      files: {
        adopt: () => Promise.resolve(0),
        forget: () => Promise.resolve(),
        rows: () => Promise.resolve([]),
        remove: () => Promise.resolve(),
        named: () => Promise.resolve([]),
      },
      contracts: [],
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
