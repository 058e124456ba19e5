import { PrismaPg } from '@prisma/adapter-pg';
import type { NewUser, User, UserRole } from '@lovage/ports';
import { PrismaClient, type User as UserRow } from '../generated/prisma/client.ts';
import type { OpenUserStore, UserStoreOptions } from './open-user-store.ts';
import { asStoreError } from './prisma-errors.ts';

// Any number will do, so long as no other lock of this database has it.
const FIRST_USER_LOCK = 7203158890101n;

/** Users on Prisma; its types stay in this folder. */
export class PrismaUserStore implements OpenUserStore {
  private readonly prisma: PrismaClient;

  constructor(options: UserStoreOptions) {
    const adapter = new PrismaPg({
      connectionString: options.url,
      application_name: options.applicationName ?? 'lovage',
      max: options.maxConnections ?? 3,
      connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
    });
    this.prisma = new PrismaClient({ adapter, errorFormat: 'minimal' });
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
        await tx.$executeRaw`select pg_advisory_xact_lock(${FIRST_USER_LOCK})`;
        if (await tx.user.findFirst({ select: { id: true } })) return false;
        await tx.user.create({ data: user });
        return true;
      }),
    );
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect();
  }
}

function toUser(row: UserRow | null): User | undefined {
  if (!row) return undefined;
  const { id, email, name, role, passwordHash, createdAt } = row;
  return { id, email, name, role: role as UserRole, passwordHash, createdAt: createdAt.getTime() };
}
