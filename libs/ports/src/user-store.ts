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
  readonly createdAt: number;
}

export type NewUser = Omit<User, 'createdAt'>;

/** What may be changed of a user; what is left out stays. */
export type UserPatch = Partial<Pick<User, 'name' | 'role' | 'passwordHash'>>;

export interface UserStore {
  findByEmail(email: string): Promise<User | undefined>;
  findById(id: string): Promise<User | undefined>;
  /** Oldest first. */
  list(): Promise<User[]>;
  /** `undefined`: the e-mail is taken. */
  insert(user: NewUser): Promise<User | undefined>;
  /** Inserts unless there is any user already; tells whether it did. Safe when several gateways start at once. */
  insertFirst(user: NewUser): Promise<boolean>;
  /** `last_admin`: it would leave no administrator, and was not done. */
  update(id: string, patch: UserPatch): Promise<User | 'last_admin' | undefined>;
  /** With its refresh tokens and API keys. */
  remove(id: string): Promise<'removed' | 'last_admin' | 'unknown'>;
}
