import { request } from 'node:http';

/**
 * Asks what the test run shares (`jest/services.mjs`), which makes it when it is first asked for.
 * @param path `''`: the URL of a PostgreSQL server; `'/build'`: the directory of a build of the programs, or nothing.
 * @returns undefined outside of a test run
 * @throws Error when it could not be made; the message tells why.
 */
export async function askTestRun(path: '' | '/build'): Promise<string | undefined> {
  const services = process.env['LOVAGE_TEST_SERVICES'];
  if (!services) return undefined;
  return new Promise((resolve, reject) => {
    request(`${services}${path}`, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(body))));
    })
      .on('error', reject)
      .end();
  });
}
