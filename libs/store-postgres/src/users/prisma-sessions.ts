import type { Session, SessionClient } from '@lovage/ports';
import { Prisma, type PrismaClient } from '../generated/prisma/client.ts';

interface EndedFamily {
  family: string;
  user_id: string;
  /** It could still be refreshed. */
  live: boolean;
}

/** A session whose refresh token holds. */
interface SessionRow {
  id: string;
  user_id: string;
  cookie: boolean;
  address: string | null;
  user_agent: string | null;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
}

/** What is told of a login, written as it begins and at each refresh. */
export async function noteSession(
  tx: Prisma.TransactionClient,
  { family, userId }: { readonly family: string; readonly userId: string },
  { cookie, address, userAgent }: SessionClient,
): Promise<void> {
  await tx.$executeRaw`
    insert into sessions (id, user_id, cookie, address, user_agent)
    values (${family}::uuid, ${userId}::uuid, ${cookie}, ${address}, ${userAgent})
    on conflict (id) do update set
      cookie = excluded.cookie, address = excluded.address, user_agent = excluded.user_agent`;
}

/**
 * Ends the logins whose refresh tokens these are. Locks their user first, as everybody does who adds a token: else one that is being
 * refreshed now would go on.
 * @param user selects the id of the user.
 * @param which condition on `refresh_tokens`.
 */
export function endFamilies(
  prisma: PrismaClient,
  user: Prisma.Sql,
  which: Prisma.Sql,
  { raiseEpoch = false }: { readonly raiseEpoch?: boolean } = {},
): Promise<EndedFamily[]> {
  return prisma.$transaction(async (tx) => {
    if (raiseEpoch) await tx.$executeRaw`update users set epoch = epoch + 1 where id = (${user})`;
    else await tx.$executeRaw`select from users where id = (${user}) for no key update`;
    return tx.$queryRaw<EndedFamily[]>`
      with ended as (
        update refresh_tokens set revoked_at = now() where ${which} and revoked_at is null
        returning family, user_id, used_at is null and expires_at > now() as live
      ), noted as (
        insert into sessions (id, user_id, ended_at) select distinct family, user_id, now() from ended
        on conflict (id) do update set ended_at = coalesce(sessions.ended_at, excluded.ended_at)
      )
      select family, user_id, bool_or(live) as live from ended group by family, user_id`;
  });
}

/** Those that can be refreshed, used last first. */
export async function listSessions(
  prisma: PrismaClient,
  { userId, limit }: { readonly userId?: string; readonly limit: number },
): Promise<Session[]> {
  const whose = userId === undefined ? Prisma.empty : Prisma.sql`and t.user_id = ${userId}::uuid`;
  const rows = await prisma.$queryRaw<SessionRow[]>`
    select t.family as id, t.user_id, coalesce(s.cookie, false) as cookie, s.address, s.user_agent,
      coalesce(s.created_at, t.created_at) as created_at, t.created_at as last_used_at, t.expires_at
    from refresh_tokens t left join sessions s on s.id = t.family
    where t.used_at is null and t.revoked_at is null and t.expires_at > now() ${whose}
    order by t.created_at desc, t.family limit ${limit}`;
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    cookie: row.cookie,
    address: row.address,
    userAgent: row.user_agent,
    createdAt: row.created_at.getTime(),
    lastUsedAt: row.last_used_at.getTime(),
    expiresAt: row.expires_at.getTime(),
  }));
}
