/** SQLSTATE of an error that Postgres reported; undefined for what is below SQL. Postgres states a severity with each, which tells them from codes of the system such as EPIPE. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && code.length === 5 && severity !== undefined ? code : undefined;
}

/** A transaction that may only read: a standby, a failover under way, or `default_transaction_read_only`. */
export const READ_ONLY = '25006';

/** Postgres ended a session whose transaction stood still: this process was stopped in the middle of it. */
const IDLE_IN_TRANSACTION = '25P03';

/**
 * The server cannot take the statement now, whatever it says: 08 connection, 53 resources (disk, memory, connections), 57
 * operator intervention (shutdown, start), 58 the system below it, one that only reads, and a session that it has ended.
 */
export function isOutage(sqlState: string): boolean {
  return sqlState === READ_ONLY || sqlState === IDLE_IN_TRANSACTION || /^(08|53|57|58)/.test(sqlState);
}
