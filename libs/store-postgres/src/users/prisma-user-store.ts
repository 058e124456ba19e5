import { PrismaPg } from '@prisma/adapter-pg';
import type { AccessStore, NewUser, User, UserChange, UserPatch, UserRole } from '@lovage/ports';
import { Prisma, PrismaClient, type User as UserRow } from '../generated/prisma/client.ts';
import type { OpenUserStore, UserStoreOptions } from './user-store-options.ts';
import { PgAccessChecks } from './pg-access-checks.ts';
import { PrismaAccessStore } from './prisma-access-store.ts';
import { refuseReadOnly } from '../writable.ts';
import { asStoreError } from './prisma-errors.ts';

// Any number will do, so long as no other lock of this database has it. Guards the number of administrators.
const ADMINS_LOCK = 7203158890101n;

/** Users on Prisma; its types stay in this folder. */
export class PrismaUserStore implements OpenUserStore {
  readonly access: AccessStore;
  readonly checks: PgAccessChecks;
  private readonly prisma: PrismaClient;

  constructor(options: UserStoreOptions) {
    const adapter = new PrismaPg({
      connectionString: options.url,
      application_name: options.applicationName ?? 'lovage',
      max: options.maxConnections ?? 3,
      connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      verify: refuseReadOnly,
    });
    this.prisma = new PrismaClient({ adapter, errorFormat: 'minimal' });
    this.access = new PrismaAccessStore(this.prisma);
    this.checks = new PgAccessChecks(options);
  }

  async findByEmail(email: string): Promise<User | undefined> {
    return toUser(await asStoreError(() => this.prisma.user.findUnique({ where: { email } })));
  }

  async findById(id: string): Promise<User | undefined> {
    return toUser(await asStoreError(() => this.prisma.user.findUnique({ where: { id } })));
  }

  insertFirst(user: NewUser): Promise<boolean> {
    return asStoreError(() =>
      this.prisma.$transaction(async (tx) => {
        // Without the lock two gateways that start at once would both find the table empty.
        await tx.$executeRaw`select pg_advisory_xact_lock(${ADMINS_LOCK})`;
        if (await tx.user.findFirst({ select: { id: true } })) return false;
        await tx.user.create({ data: user });
        return true;
      }),
    );
  }

  async list(): Promise<User[]> {
    const rows = await asStoreError(() => this.prisma.user.findMany({ orderBy: { id: 'asc' } }));
    return rows.map((row) => toUser(row)!);
  }

  async insert(user: NewUser): Promise<User | undefined> {
    try {
      return toUser(await asStoreError(() => this.prisma.user.create({ data: user })));
    } catch (error) {
      if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') return undefined;
      throw error;
    }
  }

  update(
    id: string,
    { disabled, ...patch }: UserPatch,
    { revokeKeys = false }: { readonly revokeKeys?: boolean } = {},
  ): Promise<UserChange | 'last_admin' | undefined> {
    return this.withAdminsLocked(async (tx) => {
      const user = await tx.user.findUnique({ where: { id } });
      if (!user) return undefined;
      const demotes = patch.role !== undefined && patch.role !== 'admin';
      if ((demotes || disabled) && (await isLastAdmin(tx, user))) return 'last_admin';
      const switched = disabled !== undefined && disabled !== (user.disabledAt !== null);
      const endsLogins = patch.role !== undefined || patch.passwordHash !== undefined || (switched && disabled);
      const data = {
        ...patch,
        ...(switched && { disabledAt: disabled ? new Date() : null }),
        ...(endsLogins && { epoch: { increment: 1 } }),
      };
      // First the user, whom logins and refreshes lock before they add a token: then no token is missed.
      const changed = toUser(await tx.user.update({ where: { id }, data }))!;
      const revokedAt = new Date();
      if (endsLogins) await tx.refreshToken.updateMany({ where: { userId: id, revokedAt: null }, data: { revokedAt } });
      const { count } = revokeKeys
        ? await tx.apiKey.updateMany({ where: { userId: id, revokedAt: null }, data: { revokedAt } })
        : { count: 0 };
      return { user: changed, revokedKeys: count, switched };
    });
  }

  remove(id: string): Promise<'removed' | 'last_admin' | 'unknown'> {
    return this.withAdminsLocked(async (tx) => {
      const user = await tx.user.findUnique({ where: { id } });
      if (!user) return 'unknown';
      if (await isLastAdmin(tx, user)) return 'last_admin';
      // Refresh tokens and API keys go with it, those that are being made included: they refer to the user.
      await tx.user.delete({ where: { id } });
      return 'removed';
    });
  }

  /** Two administrators who remove each other at once must not both succeed. */
  private withAdminsLocked<T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return asStoreError(() =>
      this.prisma.$transaction(async (tx) => {
        await tx.$executeRaw`select pg_advisory_xact_lock(${ADMINS_LOCK})`;
        return work(tx);
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.prisma.$disconnect(), this.checks.close()]);
  }
}

/** Whether nobody else may manage users. */
async function isLastAdmin(tx: Prisma.TransactionClient, { role, disabledAt }: UserRow): Promise<boolean> {
  if (role !== 'admin' || disabledAt !== null) return false;
  return (await tx.user.count({ where: { role: 'admin', disabledAt: null } })) <= 1;
}

function toUser(row: UserRow | null): User | undefined {
  if (!row) return undefined;
  const { id, email, name, role, passwordHash, epoch } = row;
  return {
    ...{ id, email, name, role: role as UserRole, passwordHash, epoch },
    disabledAt: row.disabledAt?.getTime() ?? null,
    createdAt: row.createdAt.getTime(),
  };
}
