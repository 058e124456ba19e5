import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { EmbeddedPostgres } from '@lovage/embedded-postgres';
import { ROOT } from '../root.ts';

const TEMPLATE = 'chaos_template';

/** A PostgreSQL server of our own, as durable as it comes, so that stopping it harms nobody. */
export class PostgresServer {
  private constructor(
    private readonly server: EmbeddedPostgres,
    private readonly base: string,
  ) {}

  /** Makes one in this folder, starts it, and brings a template database to the newest migration. */
  static async start(dir: string): Promise<PostgresServer> {
    const server = new EmbeddedPostgres({ dataDir: dir });
    const { url } = await server.start();
    try {
      await migrate((await server.createDatabase(TEMPLATE)).url);
      return new PostgresServer(server, url);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** A fresh database; its URL. */
  async create(name: string): Promise<string> {
    await this.query(`create database ${pg.escapeIdentifier(name)} template ${TEMPLATE}`);
    const url = new URL(this.base);
    url.pathname = `/${name}`;
    return url.toString();
  }

  async version(): Promise<string> {
    return (await this.query<{ server_version: string }>('show server_version'))[0]!.server_version;
  }

  /** Starts it again, on the port it had. */
  async up(): Promise<void> {
    const { url } = await this.server.start();
    if (new URL(url).port !== new URL(this.base).port) throw new Error('the port of PostgreSQL was taken meanwhile');
  }

  /** A fast shutdown: sessions are ended, what was committed is kept. */
  down(): Promise<void> {
    return this.server.stop();
  }

  private async query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.base });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }
}

async function migrate(url: string): Promise<void> {
  const prisma = createRequire(join(ROOT, 'package.json')).resolve('prisma/build/index.js');
  await promisify(execFile)(process.execPath, [prisma, 'migrate', 'deploy'], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: url, NO_COLOR: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  });
}
