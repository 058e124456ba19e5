/** SQLSTATE of an error that Postgres reported; `undefined` for errors below SQL, such as a broken socket. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  // Postgres states a severity with each. No class begins with E: EPIPE and EPERM are the socket's, and P2002 is Prisma's.
  return severity !== undefined && typeof code === 'string' && /^[0-9FHPX][0-9A-Z]{4}$/.test(code) ? code : undefined;
}

/** First two characters of {@link sqlState}: the class of the error. */
export function sqlClass(error: unknown): string | undefined {
  return sqlState(error)?.slice(0, 2);
}

/** The value is at fault (22 data, 23 constraint, 54 limits): repeating is of no use, the item alone must fail. */
export function isBadValue(error: unknown): boolean {
  const of = sqlClass(error);
  return of === '22' || of === '23' || of === '54';
}

/** A deadlock or serialisation failure: undone, and worth the same try again. */
export function isTransient(error: unknown): boolean {
  return sqlClass(error) === '40';
}

/** No later attempt will get in with the same URL: wrong password, unknown role or database, no right to connect. */
export function isHopeless(error: unknown): boolean {
  const of = sqlClass(error);
  return of === '28' || of === '3D' || of === '42';
}

/** The server ended the session with the statement (restart, administrator): whether it was committed before is not told. */
export function endsSession(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && (state.startsWith('57P') || state.startsWith('08'));
}

/** No such table, or no such schema. */
export function isMissingTable(error: unknown): boolean {
  const state = sqlState(error);
  return state === '42P01' || state === '3F000';
}

/** The connection may only read: a standby, a failover under way, or `default_transaction_read_only`. */
export function isReadOnly(error: unknown): boolean {
  return sqlState(error) === '25006';
}

/** The statement took longer than `statement_timeout` allows, or somebody at the server ended it; its session goes on. */
export function isCanceled(error: unknown): boolean {
  return sqlState(error) === '57014';
}

/**
 * The server cannot take the statement now, whatever it says: 08 connection, 53 resources (disk, memory, connections), 57
 * operator intervention (shutdown, start), 58 the system below it, one that only reads (25006), and a session that it has ended
 * because its transaction stood still (25P03): this process was stopped in the middle of it.
 */
export function isOutage(state: string): boolean {
  return state === '25006' || state === '25P03' || /^(08|53|57|58)/.test(state);
}
