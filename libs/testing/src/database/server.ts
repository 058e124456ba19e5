import { request } from 'node:http';

/**
 * URL of the PostgreSQL server for tests: `TEST_DATABASE_URL`, whose user may create databases there, or else a server
 * that the first call starts for this test run.
 */
export async function testServerUrl(): Promise<string> {
  const named = process.env['TEST_DATABASE_URL'];
  if (named) return named;
  const cluster = process.env['LOVAGE_TEST_CLUSTER'];
  if (!cluster)
    throw new Error(
      'no PostgreSQL server for tests: run them through a jest configuration based on jest.preset.mjs, or set TEST_DATABASE_URL to a server where databases may be created',
    );
  return new Promise((resolve, reject) => {
    request(cluster, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(body))));
    })
      .on('error', reject)
      .end();
  });
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.toString();
}
