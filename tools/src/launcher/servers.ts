import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { maskUrl, toError } from '@lovage/foundation';
import { ExitCode } from '@lovage/settings';
import { ExitError } from './exit-error.ts';

const PATIENCE_MS = 10_000;
const PAUSE_MS = 300;

/**
 * Waits until the database's server takes our login.
 * @param variable where the URL comes from, for the message.
 * @throws ExitError with code 3 after 10 s, or at once when it answers that the login is wrong.
 */
export function reachDatabase(variable: string, url: string, patienceMs = PATIENCE_MS): Promise<void> {
  return reach({ variable, url, name: 'PostgreSQL', knock: knockPostgres, patienceMs });
}

/**
 * The same of the broker's server.
 * @throws ServerUrlError no adapter serves the URL's scheme.
 */
export async function reachBroker(variable: string, url: string, patienceMs = PATIENCE_MS): Promise<void> {
  // Only where a broker of its own is set: the client library of its server comes with it.
  const { brokerAdapterOf } = await import('@lovage/platform/brokers');
  const { serverName: name, probe: knock } = await brokerAdapterOf(url);
  await reach({ variable, url, name, knock, patienceMs });
}

interface Reach {
  readonly variable: string;
  readonly url: string;
  readonly name: string;
  knock(url: string, timeoutMs: number): Promise<void>;
  readonly patienceMs: number;
}

async function reach({ variable, url, name, knock, patienceMs }: Reach): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const left = deadline - performance.now();
    const failure = await knock(url, Math.max(500, left)).then(
      () => undefined,
      (error: unknown) => toError(error),
    );
    if (!failure) return;
    const refused = isRefusal(failure);
    if (refused || left <= PAUSE_MS)
      throw new ExitError(
        ExitCode.serverUnreachable,
        `${name} at ${maskUrl(url)} ${refused ? 'refuses the login' : `cannot be reached (tried for ${patienceMs / 1000} s)`}: ` +
          `${describe(failure)}. Start the server, or correct ${variable}`,
        { cause: failure },
      );
    await sleep(PAUSE_MS);
  }
}

async function knockPostgres(url: string, timeoutMs: number): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // No such database: the server is there, and the migrations make it.
    if ((error as { code?: string }).code !== '3D000') throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The server answered, and said no: waiting does not help. */
function isRefusal(error: Error): boolean {
  const code = (error as { code?: unknown }).code;
  return (
    (typeof code === 'string' && code.startsWith('28')) ||
    /ACCESS[_-]REFUSED|NOT_ALLOWED|530|WRONGPASS|NOAUTH/.test(error.message)
  );
}

function describe(error: Error): string {
  // Node gathers the failures for ::1 and 127.0.0.1 into one error without a message.
  const inner = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  return inner.message || String((inner as { code?: unknown }).code ?? inner.name);
}
