/** `viewer` reads; `operator` submits and steers; `admin` also manages users and keys. Each includes the one before. */
export type UserRole = 'viewer' | 'operator' | 'admin';

export interface User {
  readonly id: string;
  /** Lower case. */
  readonly email: string;
  readonly name: string | null;
  readonly role: UserRole;
  /** argon2id, PHC string. */
  readonly passwordHash: string;
  /** Rises with each change of password or role, and when the user is disabled; access tokens of an earlier one are refused. */
  readonly epoch: number;
  /** Since when the user may do nothing, ms since the epoch; null: the user may. */
  readonly disabledAt: number | null;
  readonly createdAt: number;
}

export type NewUser = Omit<User, 'createdAt' | 'epoch' | 'disabledAt'>;

/** What may be changed of a user; what is left out stays. */
export type UserPatch = Partial<Pick<User, 'name' | 'role' | 'passwordHash'>> & { readonly disabled?: boolean };

/** What a change did. */
export interface UserChange {
  readonly user: User;
  /** API keys that it revoked. */
  readonly revokedKeys: number;
  /** The user was enabled and is not, or the other way round. */
  readonly switched: boolean;
}

export interface UserStore {
  findByEmail(email: string): Promise<User | undefined>;
  findById(id: string): Promise<User | undefined>;
  /** Oldest first. */
  list(): Promise<User[]>;
  /** `undefined`: the e-mail is taken. */
  insert(user: NewUser): Promise<User | undefined>;
  /** Inserts unless there is any user already; tells whether it did. Safe when several gateways start at once. */
  insertFirst(user: NewUser): Promise<boolean>;
  /**
   * A new password or role, or to be disabled, raises the epoch and ends every login, in the same transaction; keys of a disabled user
   * rest until the user is enabled. With `revokeKeys` every API key of the
   * user is revoked too. `last_admin`: it would leave no administrator who may do anything, and was not done.
   */
  update(
    id: string,
    patch: UserPatch,
    options?: { readonly revokeKeys?: boolean },
  ): Promise<UserChange | 'last_admin' | undefined>;
  /** With its refresh tokens and API keys. */
  remove(id: string): Promise<'removed' | 'last_admin' | 'unknown'>;
}
