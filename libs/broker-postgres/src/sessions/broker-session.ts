import { plainArray } from '@lovage/foundation';
import type { Connection } from '../connection/connection.ts';
import type { Row, StatementRunner, BrokerStatement, Values } from '../connection/statement.ts';
import { BEGIN_SESSION, FORGET_SESSIONS } from './session-sql.ts';

// Takes and acks need not wait for the disk: one that a crash of Postgres undoes comes to a redelivery, as the crash
// itself does. Keep-alive: a client that vanished without a word is noticed in about 11 s instead of 2 h.
const SET_UP = `
set synchronous_commit = off; set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3`;

/**
 * What this process is to the broker while one connection lasts: it listens, and it takes and settles messages under
 * its {@link id}. All of that is done on the one connection, so that nothing can be taken after it is seen to be gone.
 */
export class BrokerSession implements StatementRunner {
  private constructor(
    /** Never given to another. Messages taken carry it. */
    readonly id: number,
    private readonly connection: Connection,
  ) {}

  static async begin(connection: Connection, application: string): Promise<BrokerSession> {
    const [row] = await connection.run(BEGIN_SESSION, [application]);
    await connection.script(SET_UP);
    return new BrokerSession(row![0] as number, connection);
  }

  /** Settles when the connection is gone, with the reason. */
  get gone(): Promise<Error> {
    return this.connection.gone;
  }

  run(statement: BrokerStatement, values: Values): Promise<readonly Row[]> {
    return this.connection.run(statement, values);
  }

  /** The name is ours, never an input: it is not quoted. */
  listen(channel: string): Promise<void> {
    return this.connection.script(`listen ${channel}`);
  }

  unlisten(channel: string): Promise<void> {
    return this.connection.script(`unlisten ${channel}`);
  }

  onNotification(listener: (channel: string, payload: string) => void): void {
    this.connection.onNotification(listener);
  }

  /** Ends it. @param holdsNothing leaves nothing for others to clean up. */
  async end(holdsNothing: boolean, timeoutMs: number): Promise<void> {
    if (holdsNothing) this.connection.run(FORGET_SESSIONS, [plainArray([this.id])]).catch(() => undefined);
    await this.connection.close(timeoutMs);
  }

  destroy(reason: Error): void {
    this.connection.destroy(reason);
  }
}
