import type { PoolClient } from 'pg';

/** Postgres lets this connection read only. */
export class ReadOnlyError extends Error {
  constructor() {
    super('Postgres takes no writes: it is a standby, or default_transaction_read_only is on');
    // By its name it is one of the connection, not of the statement.
    this.name = 'Error';
  }
}

/**
 * For `verify` of a pool: takes no connection into it that may only read. A session keeps the
 * `default_transaction_read_only` that it began with, so one that was made during a failover would refuse writes for ever.
 */
export function refuseReadOnly(client: PoolClient, done: (error?: Error) => void): void {
  // The pool listens to those in it only, and the one who takes one out once it has it: an error in between would end the process.
  client.on('error', toldByStatement);
  client.query<{ transaction_read_only: string }>('show transaction_read_only').then(
    ({ rows }) => done(rows[0]?.transaction_read_only === 'on' ? new ReadOnlyError() : undefined),
    (error: unknown) => done(error as Error),
  );
}

function toldByStatement(): void {
  // The statement under way, or else the next one, has it.
}
