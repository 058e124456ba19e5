/** The connection was gone before the statement left: nothing happened on the server. Stays inside this library. */
export class NotSentError extends Error {}

/** The connection broke with the statement under way: it may or may not have happened. Stays inside this library. */
export class ConnectionLostError extends Error {}

export function isConnectionError(error: unknown): boolean {
  return error instanceof NotSentError || error instanceof ConnectionLostError;
}
