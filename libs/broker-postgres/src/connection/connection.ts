import { Socket } from 'node:net';
import { endsSession, isReadOnly, sqlState, toError } from '@lovage/foundation';
import { systemClock, type Clock } from '@lovage/ports';
import pg from 'pg';
import { ConnectionLostError, NotSentError } from './connection-errors.ts';
import type { Row, StatementRunner, BrokerStatement, Values } from './statement.ts';

export interface ConnectionOptions {
  /** `postgres://…` */
  readonly url: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Default: the system's. */
  readonly clock?: Clock;
}

const INT8 = 20;
const BYTEA = 17;
const JSON_OID = 114;

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    // Ids count from 1; 2^53 of them are not reached.
    if (oid === INT8) return Number;
    if (oid === BYTEA) return (hex: string) => Buffer.from(hex.slice(2), 'hex');
    // Parsed where it is needed.
    if (oid === JSON_OID) return (text: string) => text;
    return pg.types.getTypeParser(oid, format);
  },
};

// One plan per statement, by index whatever the statistics say: a queue is empty at one moment and long at the next, and a
// plan made at the wrong one would read the whole table for each take. The rest undoes what a database may have as its own
// defaults and the statements cannot live with.
export const SETTINGS = `
set plan_cache_mode = force_generic_plan; set jit = off; set enable_seqscan = off; set enable_bitmapscan = off;
set enable_hashjoin = off; set enable_mergejoin = off;
set bytea_output = hex; set default_transaction_isolation = 'read committed'`;

const READ_ONLY: BrokerStatement = { name: 'read-only', text: 'show transaction_read_only' };

/**
 * One connection to Postgres that takes writes. Statements are pipelined: they leave at once and run one after the other, each in a
 * transaction of its own. It is never opened again: when it is lost, its user makes another.
 */
export class Connection implements StatementRunner {
  /** Settles when the connection is gone, whatever ended it, with the reason. Never rejects. */
  readonly gone: Promise<Error>;
  private alive = true;
  private reason: Error | undefined;

  private constructor(
    private readonly client: pg.Client,
    private readonly socket: Socket,
    private readonly clock: Clock,
  ) {
    client.on('error', (error) => this.destroy(error));
    this.gone = new Promise((resolve) => {
      client.once('end', () => {
        this.alive = false;
        resolve(this.reason ?? new Error('the connection was closed'));
      });
    });
  }

  /**
   * @param timeoutMs for the whole opening, the settings included.
   * @throws Error of the socket or the server; the connection is closed then.
   */
  static async open(options: ConnectionOptions, timeoutMs: number, signal?: AbortSignal): Promise<Connection> {
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: options.url,
      application_name: options.applicationName,
      keepAlive: true,
      pipeline: true,
      types,
      stream: () => socket,
    });
    const { clock = systemClock } = options;
    const connection = new Connection(client, socket, clock);
    const giveUp = (): void => connection.destroy(new Error('given up: stopped'));
    const cancelTimer = clock.after(timeoutMs, () =>
      connection.destroy(new Error(`no answer within ${Math.round(timeoutMs)} ms`)),
    );
    signal?.addEventListener('abort', giveUp);
    try {
      if (signal?.aborted) throw new Error('given up: stopped');
      await client.connect();
      // Both leave at once, so the question costs no round trip of its own.
      const [, [readOnly]] = await Promise.all([connection.script(SETTINGS), connection.run(READ_ONLY, [])]);
      if (readOnly![0] === 'on')
        throw new Error('Postgres takes no writes: a standby, or default_transaction_read_only');
      return connection;
    } catch (error) {
      const cause = connection.reason ?? toError(error);
      connection.destroy(cause);
      throw cause;
    } finally {
      cancelTimer();
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /**
   * @throws NotSentError, ConnectionLostError, or the error that Postgres answered: see `sqlState` of libs/foundation.
   */
  run(statement: BrokerStatement, values: Values): Promise<readonly Row[]> {
    return this.send({ name: statement.name, text: statement.text, values: values as unknown[], rowMode: 'array' });
  }

  /** Several statements without parameters, in one transaction. */
  async script(sql: string): Promise<void> {
    await this.send({ text: sql, rowMode: 'array' });
  }

  onNotification(listener: (channel: string, payload: string) => void): void {
    this.client.on('notification', (message) => listener(message.channel, message.payload ?? ''));
  }

  /** Lets the statements under way finish, says goodbye and closes; without an answer within `timeoutMs` it just closes. */
  async close(timeoutMs: number): Promise<void> {
    if (!this.alive) return;
    this.alive = false;
    const cancelTimer = this.clock.after(timeoutMs, () => this.destroy(new Error('no goodbye from the server')));
    await this.client.end();
    cancelTimer();
  }

  /** Closes at once. What is under way fails with {@link ConnectionLostError}. */
  destroy(reason: Error): void {
    this.alive = false;
    this.reason ??= reason;
    this.socket.destroy();
  }

  private send(query: pg.QueryArrayConfig): Promise<readonly Row[]> {
    if (!this.alive) return Promise.reject(new NotSentError('the connection is gone', { cause: this.reason }));
    return new Promise((resolve, reject) => {
      this.client.query(query, (error: unknown, result: pg.QueryArrayResult | undefined) => {
        if (error) reject(this.explain(error));
        else resolve(result?.rows ?? []);
      });
    });
  }

  private explain(error: unknown): unknown {
    // A failover: nothing will be stored here any more. Another connection is asked for until one takes writes.
    if (isReadOnly(error)) this.destroy(toError(error));
    if (sqlState(error) !== undefined && !endsSession(error)) return error;
    return new ConnectionLostError('the connection broke before the answer', { cause: this.reason ?? error });
  }
}
