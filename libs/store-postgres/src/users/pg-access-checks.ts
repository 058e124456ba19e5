import type { AccessChecks, ApiKey, UserRole, UserStanding } from '@lovage/ports';
import pg from 'pg';
import { toStoreError } from '../database.ts';
import { refuseReadOnly } from '../writable.ts';
import type { UserStoreOptions } from './user-store-options.ts';

/** A request waits for the answer, and one that Postgres cannot give soon is better not waited for, ms. */
const LONGEST_MS = 2_000;
const RANK: Readonly<Record<UserRole, number>> = { viewer: 0, operator: 1, admin: 2 };

/** An access token holds for fifteen minutes: what ended before them has none left that does. */
const STANDING = {
  name: 'access_standing_3',
  text: `
    select u.role, u.epoch, array(
      select s.id::text from sessions s where s.user_id = u.id and s.ended_at > now() - interval '16 minutes'
    ) as "endedSessions" from users u where u.id = $1 and u.disabled_at is null`,
};
/** A key is noted as used once a minute; nobody waits for one that is noting it. */
const KEY = {
  name: 'access_key_2',
  text: `
    with found as (
      select k.*, u.role as user_role from api_keys k join users u on u.id = k.user_id and u.disabled_at is null
      where k.hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    ), noted as (
      update api_keys set last_used_at = now() where id = (
        select k.id from api_keys k where k.id = (
          select id from found where last_used_at is null or last_used_at < now() - interval '1 minute'
        ) for no key update skip locked
      )
    )
    select id, user_id, name, prefix, role, created_at, expires_at, last_used_at, user_role from found`,
};

/** Who may do what, on plain `pg`: each request of a program asks, and two prepared statements are all there is to ask. */
export class PgAccessChecks implements AccessChecks {
  private readonly pool: pg.Pool;

  constructor(options: UserStoreOptions) {
    const connectTimeoutMs = Math.min(options.connectTimeoutMs ?? LONGEST_MS, LONGEST_MS);
    this.pool = new pg.Pool({
      connectionString: options.url,
      application_name: options.applicationName ?? 'lovage',
      max: 2,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: LONGEST_MS,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      verify: refuseReadOnly,
    });
    // The pool drops it, and the next question makes another.
    this.pool.on('error', () => undefined);
  }

  async standingOf(userId: string): Promise<UserStanding | undefined> {
    const [row] = await this.run<{ role: UserRole; epoch: number }>(STANDING, userId);
    return row;
  }

  async useApiKey(hash: string): Promise<ApiKey | undefined> {
    const [row] = await this.run<RawKey>(KEY, hash);
    if (!row) return undefined;
    return {
      id: row.id,
      userId: row.user_id,
      name: row.name,
      prefix: row.prefix,
      role: RANK[row.role] <= RANK[row.user_role] ? row.role : row.user_role,
      createdAt: row.created_at.getTime(),
      expiresAt: row.expires_at?.getTime() ?? null,
      lastUsedAt: row.last_used_at?.getTime() ?? null,
      revokedAt: null,
    };
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async run<R extends pg.QueryResultRow>(
    statement: { name: string; text: string },
    value: string,
  ): Promise<R[]> {
    try {
      return (await this.pool.query<R>({ ...statement, values: [value] })).rows;
    } catch (error) {
      throw toStoreError(error);
    }
  }
}

interface RawKey {
  id: string;
  user_id: string;
  name: string;
  prefix: string;
  role: UserRole;
  user_role: UserRole;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
}
