export type { DatabaseOptions } from './database.ts';
export { PgWorkerLease } from './leases/pg-worker-lease.ts';
export { openStore, type PgStore } from './open-store.ts';
export { openUserStore, type OpenUserStore, type UserStoreOptions } from './users/open-user-store.ts';
