import { randomBytes } from 'node:crypto';
import { afterAll } from '@jest/globals';
import pg from 'pg';
import { readPristine, reset, type Pristine } from './reset.ts';
import { testServerUrl, withDatabase } from './server.ts';
import { ensureTemplate } from './template.ts';

export interface TestDatabaseOptions {
  /** `false`: empty, without the migrations. Default true. */
  readonly migrated?: boolean;
}

/** Files are copied as they are, not through the log: a fifth of the time. PostgreSQL 15 and newer. */
const COPY = 'strategy file_copy';

/** A database of one's own. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
  /** Runs one statement, on a connection that nobody else uses meanwhile; the rows. */
  query<Row extends pg.QueryResultRow = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Ends whatever is still connected and gives it up. `await using` does so by itself. */
  drop(): Promise<void>;
}

/**
 * A database with every migration applied and no rows, for one test or one file: `await using db = await testDatabase()`.
 *
 * The tests of a file get the same one, one after another: what a test gives up is emptied for the next. Where that cannot be
 * (a test has altered a table, a function, a right or a setting, or two tests have one at the same time), it is another clone
 * of the migrated template.
 */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  if (options.migrated === false) return (await ClonedDatabase.make('template0')).database();
  return (free.pop() ?? (await ClonedDatabase.make(undefined))).database();
}

/** Emptied, for the next test of this file: a file has its own instance of this module. */
const free: ClonedDatabase[] = [];
/** The file's tests are over: nobody will come for what is given up now. */
let over = false;
afterAll(async () => {
  over = true;
  await Promise.all(free.splice(0).map((clone) => clone.drop()));
}, 60_000);

/** What may leave something behind in its session is run in a session that ends with it. */
const KEEPS_NO_STATE = /^\s*(?:select|insert|update|delete|with)\b(?!.*(?:advisory|set_config|pg_backend_pid))/is;

class ClonedDatabase {
  /** The connection of the last query, for the next one. */
  private idle: pg.Client | undefined;

  private constructor(
    private readonly serverUrl: string,
    private readonly name: string,
    /** Undefined: not to be used again. */
    private pristine: Pristine | undefined,
  ) {}

  static async make(template: string | undefined): Promise<ClonedDatabase> {
    const serverUrl = await testServerUrl();
    const name = `lovage_test_${process.pid}_${randomBytes(5).toString('hex')}`;
    await onServer(serverUrl, async (admin) => {
      const from = template ?? (await ensureTemplate(admin, serverUrl));
      await admin.query(`create database ${name} template ${from} ${COPY}`);
    });
    const clone = new ClonedDatabase(serverUrl, name, undefined);
    if (template === undefined) clone.pristine = await clone.connected(readPristine);
    return clone;
  }

  /** For its next user; what an earlier one still holds of it answers no more. */
  database(): TestDatabase {
    let given = true;
    const drop = async (): Promise<void> => {
      if (!given) return;
      given = false;
      await this.giveUp();
    };
    return {
      url: this.url,
      name: this.name,
      query: async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) => {
        if (!given) throw new Error(`this test database was given up: ${this.name}`);
        return this.connected(async (client) => (await client.query<Row>(sql, values)).rows, !KEEPS_NO_STATE.test(sql));
      },
      drop,
      [Symbol.asyncDispose]: drop,
    };
  }

  async drop(): Promise<void> {
    const { idle } = this;
    this.idle = undefined;
    await idle?.end().catch(() => undefined);
    await onServer(
      this.serverUrl,
      async (admin) => void (await admin.query(`drop database if exists ${this.name} with (force)`)),
    );
  }

  private get url(): string {
    return withDatabase(this.serverUrl, this.name);
  }

  private async giveUp(): Promise<void> {
    const { pristine } = this;
    if (over || !pristine || !(await this.connected((client) => reset(client, pristine)).catch(() => false)))
      return this.drop();
    // The tests may have ended meanwhile.
    if (over) return this.drop();
    free.push(this);
  }

  private async connected<T>(work: (client: pg.Client) => Promise<T>, alone = false): Promise<T> {
    const client = (!alone && this.takeIdle()) || (await this.connect());
    let ended = alone;
    try {
      return await work(client);
    } catch (error) {
      ended = true;
      throw error;
    } finally {
      if (ended || this.idle) await client.end();
      else this.idle = client;
    }
  }

  private takeIdle(): pg.Client | undefined {
    const { idle } = this;
    this.idle = undefined;
    return idle;
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url });
    // A test may end every connection.
    client.on('error', () => {
      if (this.idle === client) this.idle = undefined;
    });
    await client.connect();
    return client;
  }
}

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
