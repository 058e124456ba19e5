import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);

/** A fresh clone of this repository, as someone new to it has it after `npm ci`. */
export class RepositoryClone {
  private constructor(readonly root: string) {}

  /**
   * Clones what is committed. Its packages are this checkout's, linked, so that no registry is needed; the workspace's
   * own projects are the clone's, and what the install generates is generated.
   * @param commit Default: the newest.
   */
  static async make(commit?: string): Promise<RepositoryClone> {
    const root = mkdtempSync(join(tmpdir(), 'lovage-clone-'));
    try {
      await run('git', ['clone', '--quiet', '--no-hardlinks', here, root]);
      if (commit !== undefined) await run('git', ['checkout', '--quiet', '--detach', commit], { cwd: root });
      linkPackages(root);
      // The end of an `npm ci`.
      await run(process.execPath, ['tools/postinstall.mjs'], { cwd: root });
      return new RepositoryClone(root);
    } catch (error) {
      rmSync(root, { recursive: true, force: true });
      throw error;
    }
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** As npm does it: packages from outside, and the clone's own workspaces. */
function linkPackages(root: string): void {
  const from = join(here, 'node_modules');
  const to = join(root, 'node_modules');
  mkdirSync(join(to, '@lovage'), { recursive: true });
  for (const name of readdirSync(from)) if (name !== '@lovage') symlinkSync(join(from, name), join(to, name));
  for (const project of workspaces(root)) {
    const { name } = manifest(project) as { name: string };
    symlinkSync(project, join(to, name));
  }
}

function workspaces(root: string): string[] {
  const { workspaces: patterns } = manifest(root) as { workspaces: string[] };
  return patterns
    .flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [join(root, pattern)];
      const folder = join(root, pattern.slice(0, -2));
      return readdirSync(folder).map((name) => join(folder, name));
    })
    .filter((project) => existsSync(join(project, 'package.json')));
}

function manifest(folder: string): unknown {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
