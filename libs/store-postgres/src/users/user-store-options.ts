import type { AccessChecks, AccessStore, UserStore } from '@lovage/ports';

export interface UserStoreOptions {
  /** `postgres://…` */
  readonly url: string;
  /** Shown in `pg_stat_activity`. Default `lovage`. */
  readonly applicationName?: string;
  /** Connections of its own. Default 3: for logins, refreshes and administration. Requests are checked on two others. */
  readonly maxConnections?: number;
  /** Longest wait for a connection, ms; then StoreUnavailableError. Default 5000. */
  readonly connectTimeoutMs?: number;
}

/** A {@link UserStore} with connections of its own, made when first used. */
export interface OpenUserStore extends UserStore {
  /** Refresh tokens, API keys, audit. */
  readonly access: AccessStore;
  /** What is asked for each request, on two connections more. */
  readonly checks: AccessChecks;
  close(): Promise<void>;
}
