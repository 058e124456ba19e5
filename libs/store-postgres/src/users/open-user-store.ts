import type { OpenUserStore, UserStoreOptions } from './user-store-options.ts';

/** Loads Prisma only now: a worker, which asks for no users, does not carry it. */
export async function openUserStore(options: UserStoreOptions): Promise<OpenUserStore> {
  const { PrismaUserStore } = await import('./prisma-user-store.ts');
  return new PrismaUserStore(options);
}
