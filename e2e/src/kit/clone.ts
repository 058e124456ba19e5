import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);

/** A fresh clone of this repository, as someone new to it has it after `npm ci`. */
export class Clone {
  private constructor(readonly root: string) {}

  /**
   * Clones what is committed. Its packages are this checkout's, linked, so that no registry is needed; the workspace's
   * own projects are the clone's, and what the install generates is generated.
   */
  static async make(): Promise<Clone> {
    const root = mkdtempSync(join(tmpdir(), 'lovage-clone-'));
    try {
      await run('git', ['clone', '--quiet', '--no-hardlinks', here, root]);
      linkPackages(root);
      // The end of an `npm ci`.
      await run(process.execPath, ['tools/postinstall.mjs'], { cwd: root });
      return new Clone(root);
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

function linkPackages(root: string): void {
  const from = join(here, 'node_modules');
  const to = join(root, 'node_modules');
  mkdirSync(join(to, '@lovage'), { recursive: true });
  for (const name of readdirSync(from)) if (name !== '@lovage') symlinkSync(join(from, name), join(to, name));
  for (const name of readdirSync(join(from, '@lovage'))) {
    const project = relative(realpathSync(here), realpathSync(join(from, '@lovage', name)));
    symlinkSync(join(root, project), join(to, '@lovage', name));
  }
}
