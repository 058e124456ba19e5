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

export interface UserStore {
  findByEmail(email: string): Promise<User | undefined>;
  findById(id: string): Promise<User | undefined>;
  /** Inserts unless there is any user already; tells whether it did. Safe when several gateways start at once. */
  insertFirst(user: NewUser): Promise<boolean>;
}
