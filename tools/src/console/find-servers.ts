import { ExitCode, type Settings } from '@lovage/settings';
import { joinDatabase } from '../launcher/database.ts';
import { ExitError } from '../launcher/exit-error.ts';

/** How long a tool waits for them: a person sits before it. Apps, which may start before their servers, wait ten times as long. */
export const CONNECT_TIMEOUT_MS = 3_000;

/** URLs of the servers that the platform on this machine uses. */
export interface Servers {
  readonly databaseUrl: string;
  readonly brokerUrl: string | undefined;
  /** The database is the one that a running `npm start` owns. */
  readonly embedded: boolean;
}

/**
 * The servers named by the settings; without `DATABASE_URL` the embedded one of the `npm start` that runs on this data
 * directory.
 * @throws ExitError with code 3 when there is none.
 */
export function findServers(settings: Settings): Servers {
  const { databaseUrl, brokerUrl, dataDir } = settings;
  if (databaseUrl !== undefined) return { databaseUrl, brokerUrl, embedded: false };
  const embedded = joinDatabase(dataDir);
  if (embedded === undefined)
    throw new ExitError(
      ExitCode.serverUnreachable,
      'nothing to connect to: run `npm start` in another terminal, or set DATABASE_URL (and BROKER_URL) here or in .env',
    );
  return { databaseUrl: embedded, brokerUrl, embedded: true };
}
