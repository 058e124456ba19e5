import { askTestRun } from '../run-services.ts';

/**
 * URL of the PostgreSQL server for tests: `TEST_DATABASE_URL`, whose user may create databases there, or else a server
 * that the first call starts for this test run.
 */
export async function testServerUrl(): Promise<string> {
  const named = process.env['TEST_DATABASE_URL'];
  if (named) return named;
  const url = await askTestRun('');
  if (url === undefined)
    throw new Error(
      'no PostgreSQL server for tests: run them through a jest configuration based on jest.preset.mjs, or set TEST_DATABASE_URL to a server where databases may be created',
    );
  return url;
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.toString();
}
