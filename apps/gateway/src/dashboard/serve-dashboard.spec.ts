import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { TestGateway } from '../testing/test-gateway.ts';

const folder = mkdtempSync(join(tmpdir(), 'lovage-dashboard-'));
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ options: { dashboard: { folder } } });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
const get = (url: string, headers: Record<string, string> = {}) => gateway.ask(url, { as: null, headers });

test('/ leads to the dashboard; until it is built a page tells the command, then it is served without a restart', async () => {
  const root = await get('/');
  expect([root.status, root.headers['location']]).toEqual([302, '/dashboard']);

  const missing = await get('/dashboard');
  expect(missing.status).toBe(503);
  expect(missing.headers['retry-after']).toBe('5');
  expect(missing.text).toContain('npm run build -- --projects=dashboard');

  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><p>built</p>');
  writeFileSync(join(folder, 'assets/main-1a2B.js'), 'console.log(1)');
  writeFileSync(join(folder, 'assets/main-1a2B.js.gz'), gzipSync('console.log(1)'));
  // A link into the application is a page of it, whatever it looks like.
  for (const url of ['/dashboard', '/dashboard/', '/dashboard/tasks/1?tab=logs', '/dashboard/queues/a.b%2Fc']) {
    const page = await get(url);
    expect([url, page.status, page.text]).toEqual([url, 200, '<!doctype html><p>built</p>']);
    expect(page.headers).toMatchObject({
      'content-type': expect.stringMatching(/^text\/html/),
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    });
  }
  const etag = String((await get('/dashboard')).headers['etag']);
  expect((await get('/dashboard', { 'if-none-match': etag })).status).toBe(304);
});

test('files of a build are kept by browsers, and sent compressed as they lie there', async () => {
  const plain = await get('/dashboard/assets/main-1a2B.js');
  expect([plain.status, plain.text]).toEqual([200, 'console.log(1)']);
  expect(plain.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': expect.stringMatching(/^(?:text|application)\/javascript/),
  });
  const compressed = await get('/dashboard/assets/main-1a2B.js', { 'accept-encoding': 'gzip' });
  expect(compressed.headers).toMatchObject({
    'content-encoding': 'gzip',
    vary: expect.stringMatching(/accept-encoding/i),
  });
});

test.each([
  '/dashboard/assets/none.js',
  '/dashboard/assets/..%2findex.html',
  '/dashboard/assets/../../etc/passwd',
  '/dashboard/assets/',
])('%s is no file', async (url) => {
  const answer = await get(url);
  if (answer.status !== 404) expect(answer.text).toContain('built');
  else expect(answer.problem().code).toBe('route_unknown');
});

test('other methods are refused', async () => {
  const answer = await gateway.ask('/dashboard', { method: 'POST', as: null, body: {} });
  expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD']);
});
