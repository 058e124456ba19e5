export type { DatabaseOptions } from './database.ts';
export { PgWorkerLease } from './leases/pg-worker-lease.ts';
export { openStore, type PgStore } from './open-store.ts';
export { openUserStore } from './users/open-user-store.ts';
export type { OpenUserStore, UserStoreOptions } from './users/user-store-options.ts';
