import type { UserRole } from './user-store.ts';

/** A refresh token as kept: its hash only. */
export interface NewRefreshToken {
  readonly id: string;
  /** Of the login that it descends from. */
  readonly family: string;
  readonly userId: string;
  /** SHA-256, base64url. */
  readonly hash: string;
  /** ms since the epoch. */
  readonly expiresAt: number;
}

/** Who uses a login, as far as is known. */
export interface SessionClient {
  /** The refresh token is in a cookie. */
  readonly cookie: boolean;
  readonly address: string;
  /** As the client states it, cut. */
  readonly userAgent: string | null;
}

/** A login that can be refreshed. */
export interface Session {
  /** The family of its refresh tokens. */
  readonly id: string;
  readonly userId: string;
  readonly cookie: boolean;
  readonly address: string | null;
  readonly userAgent: string | null;
  /** ms since the epoch. */
  readonly createdAt: number;
  /** When it was refreshed last, or begun. */
  readonly lastUsedAt: number;
  readonly expiresAt: number;
}

/** What became of a refresh token that somebody showed. */
export type RefreshOutcome =
  /** It was the valid one; the next takes its place. */
  | { readonly kind: 'rotated'; readonly userId: string; readonly family: string }
  /** It was used a moment ago, with this same next one, which holds: the answer may be given again. */
  | { readonly kind: 'repeated'; readonly userId: string; readonly family: string }
  /** It had been used before: somebody has a copy. Its whole family is revoked now; `first`: by this call. */
  | { readonly kind: 'reused'; readonly userId: string; readonly first: boolean }
  /** Unknown, expired or revoked. */
  | { readonly kind: 'invalid' };

/** An API key as kept: never the key itself. */
export interface ApiKey {
  readonly id: string;
  /** The user who made it; its tasks are theirs. */
  readonly userId: string;
  readonly name: string;
  /** The key's first characters, to tell keys apart. */
  readonly prefix: string;
  readonly role: UserRole;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

export interface NewApiKey {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly prefix: string;
  readonly role: UserRole;
  /** SHA-256, base64url. */
  readonly hash: string;
  readonly expiresAt: number | null;
}

/** Something that somebody did. */
export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  /** Null: nobody known, as at a failed login. */
  readonly userId: string | null;
  /** The API key it was done with. */
  readonly keyId: string | null;
  /** `user.create`, `key.revoke`, `auth.refresh_reused` … */
  readonly action: string;
  /** What it was done to. */
  readonly target: string | null;
  readonly detail: unknown;
  /** Where the request came from. */
  readonly address: string | null;
}

export type NewAuditEntry = Omit<AuditEntry, 'id' | 'at'>;

/** What a user is at this moment. */
export interface UserStanding {
  readonly role: UserRole;
  /** Of a valid access token. */
  readonly epoch: number;
  /** Sessions that somebody ended while access tokens of theirs may still hold. Default: none. */
  readonly endedSessions?: readonly string[];
}

/**
 * What is asked for requests, on connections of its own: logins and administration do not keep it waiting. Both throw
 * StoreUnavailableError when Postgres does not answer within two seconds.
 */
export interface AccessChecks {
  /** `undefined`: there is no such user, or the user is disabled. */
  standingOf(userId: string): Promise<UserStanding | undefined>;
  /** The valid key of this hash, unless its user is disabled, with the lower role of the key and its user; notes that it was used, at most once a minute. */
  useApiKey(hash: string): Promise<ApiKey | undefined>;
}

/** Refresh tokens, API keys, and the audit log. All throw StoreUnavailableError when Postgres cannot be reached. */
export interface AccessStore {
  /** `false`: the user is gone, disabled, or no longer of this epoch, and nothing was saved. */
  saveRefreshToken(token: NewRefreshToken, epoch: number, client?: SessionClient): Promise<boolean>;
  /**
   * Uses up the token of this hash and puts `next` in its place, or says why not. Of several at once, one rotates. One that
   * was used at most `graceMs` ago is repeated, if `next` is what it was rotated to.
   */
  rotateRefreshToken(
    hash: string,
    next: Pick<NewRefreshToken, 'id' | 'hash' | 'expiresAt'>,
    options?: { readonly graceMs?: number; readonly client?: SessionClient },
  ): Promise<RefreshOutcome>;
  /** Ends the family of this token; the user it belonged to, if this call ended it. */
  revokeRefreshFamily(hash: string): Promise<string | undefined>;

  /** Those used last first, at most `limit`; of one user, or of all. */
  listSessions(options: { readonly userId?: string; readonly limit: number }): Promise<Session[]>;
  /** Ends the session; whose it was. `undefined`: this user has no such session that could be refreshed. */
  endSession(id: string, userId?: string): Promise<string | undefined>;
  /** Ends all sessions of the user, and all access tokens with them; how many could be refreshed. */
  endSessionsOf(userId: string): Promise<number>;

  /** `undefined`: its user is gone. */
  insertApiKey(key: NewApiKey): Promise<ApiKey | undefined>;
  listApiKeys(): Promise<ApiKey[]>;
  /** `true`: this call revoked it; `false`: it was before; undefined: there is none. */
  revokeApiKey(id: string): Promise<boolean | undefined>;

  appendAudit(entry: NewAuditEntry): Promise<void>;
  /** Newest first. */
  listAudit(options: AuditSearch): Promise<AuditEntry[]>;
}

export interface AuditSearch {
  readonly limit: number;
  /** The id of the last one seen. */
  readonly before?: string;
  /** `key.create`, or with `*` at its end all that begin so: `key.*`. */
  readonly action?: string;
  /** Id of the user who did it. */
  readonly actor?: string;
  /** Done at this time or later, and before that one, ms since the epoch. */
  readonly from?: number;
  readonly to?: number;
}
