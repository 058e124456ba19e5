import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/** An editor writes a file in several steps, and a checkout many files: one change is told. */
const QUIET_MS = 100;

/**
 * Tells of changes to sources below some directories, specs left out. It watches each directory by itself, since files
 * that editors replace escape a watcher of theirs.
 */
export class SourceWatcher {
  private readonly watchers = new Map<string, FSWatcher>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    roots: readonly string[],
    private readonly onChange: (file: string) => void,
  ) {
    for (const root of roots) this.add(root);
  }

  close(): void {
    clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  private add(dir: string): void {
    if (this.watchers.has(dir)) return;
    let names: string[];
    try {
      names = readdirSync(dir, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name);
      const watcher = watch(dir, (event, name) => this.changed(dir, event, name));
      watcher.on('error', () => this.remove(dir));
      this.watchers.set(dir, watcher);
    } catch {
      // No directory, or none any more.
      return;
    }
    for (const name of names) this.add(join(dir, name));
  }

  private remove(dir: string): void {
    this.watchers.get(dir)?.close();
    this.watchers.delete(dir);
  }

  private changed(dir: string, event: string, name: string | null): void {
    if (name === null) return;
    const path = join(dir, name);
    if (event === 'rename' && !/\.\w+$/.test(name)) this.add(path);
    if (!/\.(?:m?ts|mjs|json)$/.test(name) || /\.(?:spec|test-d)\.ts$/.test(name)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.onChange(path), QUIET_MS);
  }
}
