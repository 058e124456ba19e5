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

/** What became of a refresh token that somebody showed. */
export type RefreshOutcome =
  /** It was the valid one; the next takes its place. */
  | { readonly kind: 'rotated'; readonly userId: string }
  /** It had been used before: somebody has a copy. Its whole family is revoked now. */
  | { readonly kind: 'reused'; readonly userId: string }
  /** Unknown, expired or revoked. */
  | { readonly kind: 'invalid' };

/** An API key as kept: never the key itself. */
export interface ApiKey {
  readonly id: string;
  /** Whoever made it; its tasks are theirs. */
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

/** Refresh tokens, API keys, and the audit log. All throw StoreUnavailableError when Postgres cannot be reached. */
export interface AccessStore {
  saveRefreshToken(token: NewRefreshToken): Promise<void>;
  /** Uses up the token of this hash and puts `next` in its place, or says why not. Of several at once, one rotates. */
  rotateRefreshToken(hash: string, next: Pick<NewRefreshToken, 'id' | 'hash' | 'expiresAt'>): Promise<RefreshOutcome>;
  /** Ends the family of this token; the user it belonged to, if it was known. */
  revokeRefreshFamily(hash: string): Promise<string | undefined>;
  /** Ends every login of a user. */
  revokeRefreshTokensOf(userId: string): Promise<void>;

  insertApiKey(key: NewApiKey): Promise<ApiKey>;
  listApiKeys(): Promise<ApiKey[]>;
  /** The valid key of this hash; notes that it was used, at most once a minute. */
  useApiKey(hash: string): Promise<ApiKey | undefined>;
  /** `true`: this call revoked it; `false`: it was before; undefined: there is none. */
  revokeApiKey(id: string): Promise<boolean | undefined>;

  appendAudit(entry: NewAuditEntry): Promise<void>;
  /** Newest first; `before` is the id of the last one seen. */
  listAudit(options: { limit: number; before?: string }): Promise<AuditEntry[]>;
}
