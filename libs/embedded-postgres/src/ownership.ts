import pg from 'pg';

// Any number will do, so long as nobody else uses it in the database `postgres` of an embedded server.
const OWNER_LOCK = 6_811_530_871_412n;
const APPLICATION = 'lovage-embedded-owner-';

export interface Held {
  readonly kind: 'held';
  /** Settled when the connection, and with it the lock, is gone. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

export type Ownership =
  | Held
  /** Somebody alive holds it. */
  | { readonly kind: 'taken'; readonly pid: number | undefined }
  /** The server takes no connections (yet, or any more). */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'refused'; readonly reason: Error };

/**
 * Owning a server is holding a session lock in it: no file can say wrongly who owns it, since the lock ends with the
 * process that holds it, however that ends.
 */
export async function tryOwn(url: string): Promise<Ownership> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `${APPLICATION}${process.pid}`,
    connectionTimeoutMillis: 2000,
    keepAlive: true,
  });
  // Without a listener, a server that goes away would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const lock = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [
      OWNER_LOCK.toString(),
    ]);
    if (lock.rows[0]?.got) {
      const lost = new Promise<void>((resolve) => client.once('end', () => resolve()));
      return { kind: 'held', lost, release: () => client.end().catch(() => undefined) };
    }
    const owner = await client.query<{ name: string }>(
      `select a.application_name as name from pg_locks l join pg_stat_activity a using (pid)
        where l.locktype = 'advisory' and l.granted and starts_with(a.application_name, $1)`,
      [APPLICATION],
    );
    await client.end();
    const pid = Number(owner.rows[0]?.name.slice(APPLICATION.length));
    return { kind: 'taken', pid: pid > 0 ? pid : undefined };
  } catch (error) {
    void client.end().catch(() => undefined);
    const code = (error as { code?: string }).code;
    // 28…: refuses the password; anything else is a server on its way up or down
    return typeof code === 'string' && code.startsWith('28')
      ? { kind: 'refused', reason: error as Error }
      : { kind: 'unreachable' };
  }
}
