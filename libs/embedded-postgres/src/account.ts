import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { EmbeddedPostgresError } from './errors.ts';
import { serverEnv } from './server-env.ts';

/** How the server's programs are run: as this user, or, since PostgreSQL refuses to run as root, as another one. */
export interface Account {
  /** Who must own the server's files; nobody in particular where this process's user runs it. */
  readonly owner?: Owner;
  /** Put before the program and its arguments: what changes the user, where `spawn` itself does not. */
  readonly prefix: readonly string[];
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface AccountNeeds {
  /** The directory that will hold the server's files. */
  readonly dir: string;
  /** The program that makes clusters; it looks for the server's program beside it. */
  readonly initdb: string;
  /** Directory of an existing cluster: its owner is who must run it. */
  readonly cluster?: string;
}

/**
 * The account for this process's user.
 *
 * Root hands the server to `postgres`, else `nobody`. That user often cannot reach the files (a checkout in root's
 * home, or under a private temporary directory); then the server gets the one capability to look past directory
 * permissions, reading only if that is enough.
 * @throws EmbeddedPostgresError `embedded_postgres_data_dir`
 */
export function findAccount(needs: AccountNeeds): Account {
  if (process.getuid?.() !== 0) {
    refuseForeign(needs.cluster);
    return { prefix: [] };
  }
  const owner = ownerOf(needs.cluster) ?? idsOf('postgres') ?? idsOf('nobody');
  if (!owner)
    throw unreachable(
      'it runs as root, which PostgreSQL refuses, and there is no user "postgres" or "nobody" to run as',
    );
  const ways: Account[] = [
    { owner, prefix: [] },
    ...['dac_read_search', 'dac_override'].map((capability) => ({
      owner,
      prefix: [
        'setpriv',
        `--reuid=${owner.uid}`,
        `--regid=${owner.gid}`,
        '--clear-groups',
        // Without it, access(2) of a user who is not root leaves capabilities out, and PostgreSQL asks by access(2).
        '--securebits=+no_setuid_fixup',
        `--inh-caps=+${capability}`,
        `--ambient-caps=+${capability}`,
        '--',
      ],
    })),
  ];
  const way = ways.find((candidate) => works(candidate, needs));
  if (!way)
    throw unreachable(
      `it runs as root, so PostgreSQL runs as user ${owner.uid}, who cannot reach ${needs.dir} or ${needs.initdb}`,
    );
  return way;
}

/** The program and arguments to spawn so that `command` runs under the account. */
export function underAccount(account: Account, command: readonly string[]): [program: string, args: string[]] {
  const [program, ...args] = [...account.prefix, ...command];
  return [program!, args];
}

/** Enters the directory, and has `initdb` find all its parts, without making anything. */
function works(account: Account, { dir, initdb }: AccountNeeds): boolean {
  const script = 'cd "$1" && exec "$2" --show --pgdata="$1/cluster"';
  const [program, args] = underAccount(account, ['/bin/sh', '-c', script, 'sh', dir, initdb]);
  return spawnSync(program, args, { ...spawnIds(account), cwd: '/', env: serverEnv(), stdio: 'ignore' }).status === 0;
}

/** `uid` and `gid` for the options of `spawn`; nothing where the user stays, or the prefix changes it. */
export function spawnIds({ owner, prefix }: Account): Partial<Owner> {
  return prefix.length === 0 ? { ...owner } : {};
}

function ownerOf(cluster: string | undefined): Owner | undefined {
  if (cluster === undefined) return undefined;
  const { uid, gid } = statSync(cluster);
  return uid === 0 ? undefined : { uid, gid };
}

function refuseForeign(cluster: string | undefined): void {
  if (cluster === undefined || process.getuid === undefined) return;
  const { uid } = statSync(cluster);
  if (uid !== process.getuid())
    throw unreachable(`${cluster} belongs to user ${uid}; run as that user, or as root, or name another DATA_DIR`);
}

function idsOf(user: string): Owner | undefined {
  const ask = (flag: string): number =>
    Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return undefined;
  }
}

function unreachable(reason: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'embedded_postgres_data_dir',
    `the embedded PostgreSQL cannot use its directory: ${reason}. Use a directory that user may enter (DATA_DIR, and the checkout itself), ` +
      `start as an ordinary user, or set DATABASE_URL to a PostgreSQL server`,
  );
}
