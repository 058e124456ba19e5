import { newId } from '@lovage/foundation';
import type {
  AccessStore,
  ApiKey,
  AuditEntry,
  AuditSearch,
  NewApiKey,
  NewAuditEntry,
  NewRefreshToken,
  RefreshOutcome,
  Session,
  SessionClient,
  UserRole,
} from '@lovage/ports';
import { Prisma, type ApiKey as ApiKeyRow, type PrismaClient } from '../generated/prisma/client.ts';
import { listAudit } from './audit-list.ts';
import { asStoreError } from './prisma-errors.ts';
import { endFamilies, listSessions, noteSession } from './prisma-sessions.ts';

/** Of Prisma: what a row refers to is not there. */
const FOREIGN_KEY = 'P2003';

/** Refresh tokens, API keys and the audit log on Prisma. */
export class PrismaAccessStore implements AccessStore {
  constructor(private readonly prisma: PrismaClient) {}

  async saveRefreshToken(token: NewRefreshToken, epoch: number, client?: SessionClient): Promise<boolean> {
    return asStoreError(async () => {
      // Tokens past their end are of no use to anybody, and a login is rare enough to tidy up.
      await this.prisma.$executeRaw`delete from refresh_tokens where expires_at < now() - interval '1 day'`;
      await this.prisma.$executeRaw`
        delete from sessions s where s.created_at < now() - interval '1 day'
          and not exists (select from refresh_tokens t where t.family = s.id)`;
      const { cookie = false, address = null, userAgent = null } = client ?? {};
      // The share lock waits for a change of the password that is under way, and sees the epoch that it leaves. One statement: a
      // transaction would give up when it waits for long.
      const saved = await this.prisma.$queryRaw<unknown[]>`
        with token as (
          insert into refresh_tokens (id, family, user_id, hash, expires_at)
          select ${token.id}::uuid, ${token.family}::uuid, u.id, ${token.hash}, ${new Date(token.expiresAt)}
          from (
            select id from users where id = ${token.userId}::uuid and epoch = ${epoch} and disabled_at is null for share
          ) u
          returning family, user_id
        )
        insert into sessions (id, user_id, cookie, address, user_agent)
        select family, user_id, ${cookie}, ${address}, ${userAgent} from token returning id`;
      return saved.length === 1;
    });
  }

  rotateRefreshToken(
    hash: string,
    next: Pick<NewRefreshToken, 'id' | 'hash' | 'expiresAt'>,
    { graceMs = 0, client }: { graceMs?: number; client?: SessionClient } = {},
  ): Promise<RefreshOutcome> {
    return asStoreError(async () => {
      // A flood of made-up tokens begins no transactions, of which few run at a time.
      if (!(await this.prisma.refreshToken.findUnique({ where: { hash }, select: { id: true } })))
        return { kind: 'invalid' };
      const outcome = await this.prisma.$transaction(async (tx) => {
        // Before the token, as a change of the password does: the next token is not to slip past it.
        await tx.$executeRaw`
          select from users where id = (select user_id from refresh_tokens where hash = ${hash}) for share`;
        // One statement decides, so that of two at once only one finds the token unused.
        const [used] = await tx.$queryRaw<{ family: string; user_id: string }[]>`
          update refresh_tokens set used_at = now()
          where hash = ${hash} and used_at is null and revoked_at is null and expires_at > now()
          returning family, user_id`;
        if (used) {
          const { family, user_id: userId } = used;
          await tx.refreshToken.create({ data: { ...next, family, userId, expiresAt: new Date(next.expiresAt) } });
          if (client) await noteSession(tx, { family, userId }, client);
          return { kind: 'rotated', userId, family } as const;
        }
        const [repeated] = await tx.$queryRaw<{ family: string; user_id: string }[]>`
          select t.family, t.user_id from refresh_tokens t join refresh_tokens n on n.family = t.family
          where t.hash = ${hash} and t.used_at >= now() - ${graceMs} * interval '1 ms' and t.revoked_at is null
            and n.hash = ${next.hash} and n.revoked_at is null and n.expires_at > now()`;
        if (repeated) return { kind: 'repeated', userId: repeated.user_id, family: repeated.family } as const;
        const token = await tx.refreshToken.findUnique({ where: { hash } });
        if (!token?.usedAt) return { kind: 'invalid' } as const;
        return { kind: 'reused', userId: token.userId, family: token.family } as const;
      });
      if (outcome.kind !== 'reused') return outcome;
      const { userId, family } = outcome;
      const ended = await this.end(Prisma.sql`${userId}::uuid`, Prisma.sql`family = ${family}::uuid`);
      return { kind: 'reused', userId, first: ended.length > 0 };
    });
  }

  async revokeRefreshFamily(hash: string): Promise<string | undefined> {
    // A flood of made-up tokens begins no transactions here either.
    const token = await asStoreError(() =>
      this.prisma.refreshToken.findUnique({ where: { hash }, select: { family: true, userId: true } }),
    );
    if (!token) return undefined;
    const ended = await this.end(Prisma.sql`${token.userId}::uuid`, Prisma.sql`family = ${token.family}::uuid`);
    return ended[0]?.user_id;
  }

  listSessions(options: { readonly userId?: string; readonly limit: number }): Promise<Session[]> {
    return asStoreError(() => listSessions(this.prisma, options));
  }

  async endSession(id: string, userId?: string): Promise<string | undefined> {
    const whose = userId === undefined ? Prisma.empty : Prisma.sql`and user_id = ${userId}::uuid`;
    const ended = await this.end(
      Prisma.sql`select user_id from refresh_tokens where family = ${id}::uuid limit 1`,
      Prisma.sql`family = ${id}::uuid ${whose}`,
    );
    return ended.find(({ live }) => live)?.user_id;
  }

  async endSessionsOf(userId: string): Promise<number> {
    const user = Prisma.sql`${userId}::uuid`;
    const ended = await asStoreError(() =>
      endFamilies(this.prisma, user, Prisma.sql`user_id = ${user}`, { raiseEpoch: true }),
    );
    return ended.filter(({ live }) => live).length;
  }

  private end(user: Prisma.Sql, which: Prisma.Sql): ReturnType<typeof endFamilies> {
    return asStoreError(() => endFamilies(this.prisma, user, which));
  }

  async insertApiKey(key: NewApiKey): Promise<ApiKey | undefined> {
    const expiresAt = key.expiresAt === null ? null : new Date(key.expiresAt);
    try {
      return toApiKey(await asStoreError(() => this.prisma.apiKey.create({ data: { ...key, expiresAt } })));
    } catch (error) {
      if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === FOREIGN_KEY) return undefined;
      throw error;
    }
  }

  async listApiKeys(): Promise<ApiKey[]> {
    return (await asStoreError(() => this.prisma.apiKey.findMany({ orderBy: { id: 'desc' } }))).map(toApiKey);
  }

  async revokeApiKey(id: string): Promise<boolean | undefined> {
    return asStoreError(async () => {
      const now = await this.prisma
        .$executeRaw`update api_keys set revoked_at = now() where id = ${id}::uuid and revoked_at is null`;
      if (now === 1) return true;
      return (await this.prisma.apiKey.findUnique({ where: { id } })) ? false : undefined;
    });
  }

  async appendAudit(entry: NewAuditEntry): Promise<void> {
    const detail = entry.detail === undefined || entry.detail === null ? Prisma.DbNull : (entry.detail as object);
    await asStoreError(() => this.prisma.auditEntry.create({ data: { ...entry, detail, id: newId() } }));
  }

  listAudit(search: AuditSearch): Promise<AuditEntry[]> {
    return asStoreError(() => listAudit(this.prisma, search));
  }
}

function toApiKey(row: Omit<ApiKeyRow, 'hash'>): ApiKey {
  const { id, userId, name, prefix, role, createdAt, expiresAt, lastUsedAt, revokedAt } = row;
  return {
    id,
    userId,
    name,
    prefix,
    role: role as UserRole,
    createdAt: createdAt.getTime(),
    expiresAt: expiresAt?.getTime() ?? null,
    lastUsedAt: lastUsedAt?.getTime() ?? null,
    revokedAt: revokedAt?.getTime() ?? null,
  };
}
