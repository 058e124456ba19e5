/** A connection of the driver `pg`, or of anything that is called like it, in a transaction of the caller's. */
export interface PgTransaction {
  query(text: string, values: unknown[]): PromiseLike<{ readonly rows: readonly unknown[] }>;
}

/** The client that Prisma hands to the function of an interactive transaction. */
export interface PrismaTransaction {
  $queryRawUnsafe(text: string, ...values: unknown[]): PromiseLike<unknown>;
}

/**
 * A transaction of the caller's, by shape: whatever runs SQL in the database that Lovage keeps its tables in. Its commit and its
 * rollback stay with the caller.
 */
export type SqlTransaction = PgTransaction | PrismaTransaction;

/**
 * Whether it can be one. A pool and a whole Prisma client look alike, but run each statement on its own, outside of any
 * transaction: they are none.
 */
export function isSqlTransaction(given: unknown): given is SqlTransaction {
  if (typeof given !== 'object' || given === null || 'totalCount' in given || '$connect' in given) return false;
  const { query, $queryRawUnsafe } = given as Partial<PgTransaction & PrismaTransaction>;
  return typeof query === 'function' || typeof $queryRawUnsafe === 'function';
}
