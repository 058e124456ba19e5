import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { hasCode } from '@lovage/foundation';
import { type OpenDatabase, type LauncherDatabaseOptions, joinDatabase, openDatabase } from '../launcher/database.ts';

const TRIES = 20;
const PAUSE_MS = 250;

/**
 * The database for one app that is served by itself: the named server; or the embedded one that another process
 * (`npm start`, another `nx serve`) runs on the same data directory; or else an embedded one of our own. When the
 * process that runs it ends, this one takes over: at the same port, so that the app just reconnects.
 */
export class SharedDatabase implements OpenDatabase {
  readonly embedded: boolean;
  private own: OpenDatabase | undefined;
  private stopped = false;
  private joined: pg.Client | undefined;

  private constructor(private readonly options: LauncherDatabaseOptions) {
    this.embedded = options.databaseUrl === undefined;
  }

  static async open(options: LauncherDatabaseOptions): Promise<SharedDatabase> {
    const database = new SharedDatabase(options);
    await database.settle();
    return database;
  }

  url = '';

  async stop(): Promise<void> {
    this.stopped = true;
    await this.joined?.end().catch(() => undefined);
    await this.own?.stop();
  }

  /** Joins or opens. Between looking and opening, others may do the same: the one who is late looks again. */
  private async settle(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      if (this.embedded && (await this.join())) return;
      try {
        this.own = await openDatabase(this.options);
        this.url = this.own.url;
        if (this.stopped) await this.own.stop();
        return;
      } catch (error) {
        if (!hasCode(error, 'embedded_postgres_in_use') || tries >= TRIES) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }

  private async join(): Promise<boolean> {
    const url = joinDatabase(this.options.dataDir);
    if (url === undefined) return false;
    const client = new pg.Client({ connectionString: url, application_name: 'lovage serve' });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch {
      return false;
    }
    client.on('end', () => void this.lost());
    this.joined = client;
    this.url = url;
    return true;
  }

  private async lost(): Promise<void> {
    this.joined = undefined;
    if (this.stopped) return;
    this.options.say('the process that ran the embedded PostgreSQL ended; taking it over');
    await this.settle().catch((error: unknown) => this.options.say(String(error)));
  }
}
