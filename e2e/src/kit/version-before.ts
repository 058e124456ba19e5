import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const MIGRATIONS = 'prisma/migrations';

export interface VersionBefore {
  readonly commit: string;
  /** The rule by which it was found, for the output of a suite. */
  readonly rule: string;
  /** Names of the migrations that this checkout has and that one has not. */
  readonly missing: readonly string[];
}

/**
 * The version from which one upgrades to this checkout: what `UPGRADE_FROM` names; else the newest release tag (`v…`) with fewer
 * migrations; else the parent of the newest commit that adds a migration.
 * @throws Error when the history does not reach back to one.
 */
export async function versionBefore(env = process.env): Promise<VersionBefore> {
  const named = env['UPGRADE_FROM'];
  if (named) {
    const found = await older(named, 'UPGRADE_FROM');
    if (!found) throw new Error(`UPGRADE_FROM=${named} lacks no migration of this checkout: name an older version`);
    return found;
  }
  for (const tag of lines(await git('tag', '--merged', 'HEAD', '--list', 'v*', '--sort=-version:refname'))) {
    const found = await older(tag, `release ${tag}`);
    if (found) return found;
  }
  const [newest] = lines(await git('log', '-1', '--format=%H', '--diff-filter=A', '--', MIGRATIONS));
  const found = newest && (await older(`${newest}^`, 'the commit before the newest migration').catch(() => undefined));
  if (found) return found;
  throw new Error(
    'the history of this clone has no commit with fewer migrations: run `git fetch --unshallow`, or name the version before in UPGRADE_FROM',
  );
}

/** Undefined when it has every migration of this checkout. */
async function older(revision: string, rule: string): Promise<VersionBefore | undefined> {
  const commit = (await git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`)).trim();
  const its = new Set(lines(await git('ls-tree', '--name-only', `${commit}:${MIGRATIONS}`)));
  const missing = readdirSync(join(root, MIGRATIONS)).filter((name) => !its.has(name));
  return missing.length === 0 ? undefined : { commit, rule, missing };
}

async function git(...args: string[]): Promise<string> {
  return (await promisify(execFile)('git', args, { cwd: root })).stdout;
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
