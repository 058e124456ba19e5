import { newId } from '@lovage/foundation';
import type {
  AccessStore,
  ApiKey,
  AuditEntry,
  NewApiKey,
  NewAuditEntry,
  NewRefreshToken,
  RefreshOutcome,
  UserRole,
} from '@lovage/ports';
import { Prisma, type ApiKey as ApiKeyRow, type PrismaClient } from '../generated/prisma/client.ts';
import { asStoreError } from './prisma-errors.ts';

/** Refresh tokens, API keys and the audit log on Prisma. */
export class PrismaAccessStore implements AccessStore {
  constructor(private readonly prisma: PrismaClient) {}

  async saveRefreshToken(token: NewRefreshToken): Promise<void> {
    await asStoreError(async () => {
      // Tokens past their end are of no use to anybody, and a login is rare enough to tidy up.
      await this.prisma.$executeRaw`delete from refresh_tokens where expires_at < now() - interval '1 day'`;
      await this.prisma.refreshToken.create({ data: { ...token, expiresAt: new Date(token.expiresAt) } });
    });
  }

  rotateRefreshToken(hash: string, next: Pick<NewRefreshToken, 'id' | 'hash' | 'expiresAt'>): Promise<RefreshOutcome> {
    return asStoreError(() =>
      this.prisma.$transaction(async (tx): Promise<RefreshOutcome> => {
        // One statement decides, so that of two at once only one finds the token unused.
        const [used] = await tx.$queryRaw<{ family: string; user_id: string }[]>`
          update refresh_tokens set used_at = now()
          where hash = ${hash} and used_at is null and revoked_at is null and expires_at > now()
          returning family, user_id`;
        if (used) {
          const { family, user_id: userId } = used;
          await tx.refreshToken.create({ data: { ...next, family, userId, expiresAt: new Date(next.expiresAt) } });
          return { kind: 'rotated', userId };
        }
        const token = await tx.refreshToken.findUnique({ where: { hash } });
        if (!token?.usedAt) return { kind: 'invalid' };
        await tx.$executeRaw`
          update refresh_tokens set revoked_at = coalesce(revoked_at, now()) where family = ${token.family}::uuid`;
        return { kind: 'reused', userId: token.userId };
      }),
    );
  }

  async revokeRefreshFamily(hash: string): Promise<string | undefined> {
    const [revoked] = await asStoreError(
      () => this.prisma.$queryRaw<{ user_id: string }[]>`
        update refresh_tokens set revoked_at = coalesce(revoked_at, now())
        where family = (select family from refresh_tokens where hash = ${hash}) returning user_id`,
    );
    return revoked?.user_id;
  }

  async revokeRefreshTokensOf(userId: string): Promise<void> {
    await asStoreError(
      () => this.prisma.$executeRaw`
        update refresh_tokens set revoked_at = now() where user_id = ${userId}::uuid and revoked_at is null`,
    );
  }

  async insertApiKey(key: NewApiKey): Promise<ApiKey> {
    const expiresAt = key.expiresAt === null ? null : new Date(key.expiresAt);
    return toApiKey(await asStoreError(() => this.prisma.apiKey.create({ data: { ...key, expiresAt } })));
  }

  async listApiKeys(): Promise<ApiKey[]> {
    return (await asStoreError(() => this.prisma.apiKey.findMany({ orderBy: { id: 'desc' } }))).map(toApiKey);
  }

  async useApiKey(hash: string): Promise<ApiKey | undefined> {
    const [row] = await asStoreError(
      () => this.prisma.$queryRaw<RawApiKey[]>`
        select id, user_id, name, prefix, role, created_at, expires_at, last_used_at,
          last_used_at is null or last_used_at < now() - interval '1 minute' as stale
        from api_keys where hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > now())`,
    );
    if (!row) return undefined;
    if (row.stale)
      await asStoreError(
        () => this.prisma.$executeRaw`update api_keys set last_used_at = now() where id = ${row.id}::uuid`,
      );
    return toApiKey({
      ...row,
      userId: row.user_id,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      lastUsedAt: row.last_used_at,
      revokedAt: null,
    });
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

  async listAudit({ limit, before }: { limit: number; before?: string }): Promise<AuditEntry[]> {
    const rows = await asStoreError(() =>
      this.prisma.auditEntry.findMany({
        ...(before === undefined ? {} : { where: { id: { lt: before } } }),
        orderBy: { id: 'desc' },
        take: limit,
      }),
    );
    return rows.map((row) => ({ ...row, at: row.at.getTime() }));
  }
}

interface RawApiKey {
  id: string;
  user_id: string;
  name: string;
  prefix: string;
  role: string;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
  stale: boolean;
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
