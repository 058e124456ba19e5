import { NotSentError } from './connection-errors.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { Row, StatementRunner, BrokerStatement, Values } from './statement.ts';

// A server that was reachable a moment ago answers sooner or not at all.
const OPEN_TIMEOUT_MS = 5000;

/** One connection for one purpose: opened when first needed, and again when needed after it was lost. */
export class OnDemandConnection implements StatementRunner {
  private connection: Connection | undefined;
  private opening: Promise<Connection> | undefined;
  private readonly closed = new AbortController();

  constructor(private readonly options: ConnectionOptions & { readonly setUp?: string }) {}

  /** @throws NotSentError also when no connection can be had; else as {@link Connection.run}. */
  run(statement: BrokerStatement, values: Values): Promise<readonly Row[]> {
    if (this.connection) return this.connection.run(statement, values);
    return this.open().then((connection) => connection.run(statement, values));
  }

  /** Gives up the connection as it is: for when the server has gone silent. */
  break(reason: Error): void {
    this.connection?.destroy(reason);
    this.connection = undefined;
  }

  /** Lets what is under way finish, for `timeoutMs`, and closes for good. */
  async close(timeoutMs: number): Promise<void> {
    this.closed.abort();
    await this.opening?.catch(() => undefined);
    await this.connection?.close(timeoutMs);
  }

  private open(): Promise<Connection> {
    this.opening ??= this.connect().finally(() => (this.opening = undefined));
    return this.opening;
  }

  private async connect(): Promise<Connection> {
    try {
      const connection = await Connection.open(this.options, OPEN_TIMEOUT_MS, this.closed.signal);
      if (this.options.setUp) await connection.script(this.options.setUp);
      this.connection = connection;
      void connection.gone.then(() => {
        if (this.connection === connection) this.connection = undefined;
      });
      return connection;
    } catch (error) {
      throw new NotSentError('no connection to Postgres', { cause: error });
    }
  }
}
