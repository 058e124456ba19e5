import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgres, writeSecret } from '@lovage/embedded-postgres';
import { toError } from '@lovage/foundation';
import { reachDatabase } from './servers.ts';

const DATABASE = 'lovage';
const RETRY_MS = 2000;

/** The URL of the embedded database, for other programs of its user such as `psql`; it holds the password. */
export const databaseUrlFile = (dataDir: string): string => join(dataDir, 'database-url');

/** The database that the apps use. */
export interface OpenDatabase {
  readonly url: string;
  /** `false`: a server named by `DATABASE_URL`, which is left as it is. */
  readonly embedded: boolean;
  stop(): Promise<void>;
}

export interface LauncherDatabaseOptions {
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly say: (text: string) => void;
}

/** The named server, once it answers; or the embedded one, which this process then owns and keeps running. */
export async function openDatabase(options: LauncherDatabaseOptions): Promise<OpenDatabase> {
  const { databaseUrl, say } = options;
  if (databaseUrl !== undefined) {
    await reachDatabase('DATABASE_URL', databaseUrl);
    return { url: databaseUrl, embedded: false, stop: () => Promise.resolve() };
  }
  const server = new EmbeddedPostgres({ dataDir: embeddedDir(options.dataDir) });
  await server.start();
  let stopped = false;
  server.died.on(({ code, signal }) => {
    say(`the embedded PostgreSQL ended (${signal ?? `exit code ${code}`}); starting it again`);
    void keepTrying(
      () => server.start(),
      () => stopped,
      say,
    );
  });
  const { url } = await server.createDatabase(DATABASE);
  writeSecret(databaseUrlFile(options.dataDir), url);
  return {
    url,
    embedded: true,
    stop: () => {
      stopped = true;
      return server.stop();
    },
  };
}

/** The database of an embedded server that another process, such as `npm start`, runs on this data directory. */
export function joinDatabase(dataDir: string): string | undefined {
  const found = EmbeddedPostgres.find(embeddedDir(dataDir));
  if (!found) return undefined;
  const url = new URL(found.url);
  url.pathname = `/${DATABASE}`;
  return url.toString();
}

function embeddedDir(dataDir: string): string {
  return join(dataDir, 'postgres');
}

async function keepTrying(
  start: () => Promise<unknown>,
  given: () => boolean,
  say: (text: string) => void,
): Promise<void> {
  while (!given()) {
    try {
      await start();
      return;
    } catch (error) {
      say(toError(error).message);
      await sleep(RETRY_MS, undefined, { ref: false });
    }
  }
}
