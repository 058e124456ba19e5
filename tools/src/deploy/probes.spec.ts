import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { testDatabase } from '@lovage/testing';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Exit code and what was said. */
const run = (script: string, env: Record<string, string>): Promise<{ code: number; said: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, script.split(' '), { cwd: root, env: { ...process.env, ...env } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, said: out + err }),
    );
  });

const NOWHERE = 'postgres://nobody@127.0.0.1:1/none';
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const document = (overrides: object) => ({
  status: 'not_ready',
  broker: 'up',
  database: 'up',
  queues: { a: { state: 'consuming', since: ago(1e6) }, b: { state: 'stalled', since: ago(61_000) } },
  ...overrides,
});

test.each([
  ['consumes nothing for a minute although its servers are there', {}, 1],
  ['has no broker', { broker: 'down' }, 0],
  ['has no database', { database: 'down' }, 0],
  ['is stopping', { status: 'stopping' }, 0],
  ['has been stalled for a moment', { queues: { a: { state: 'stalled', since: ago(5_000) } } }, 0],
  ['is paused', { queues: { a: { state: 'paused', since: ago(1e6) } } }, 0],
])('a worker that %s: worker-live', async (_, overrides, code) => {
  const server = createServer((_request, response) => response.writeHead(503).end(JSON.stringify(document(overrides))));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const port = String((server.address() as AddressInfo).port);
    expect((await run('deploy/health.mjs worker-live', { WORKER_HEALTH_PORT: port })).code).toBe(code);
  } finally {
    server.close();
  }
});

test('a worker that does not answer is dead', async () => {
  expect((await run('deploy/health.mjs worker-live', { WORKER_HEALTH_PORT: '1' })).code).toBe(1);
});

test('a beat is dead when it asks nothing of a Postgres that answers; one that is away kills nobody', async () => {
  const db = await testDatabase();
  try {
    expect(await run('deploy/health.mjs beat-live', { DATABASE_URL: NOWHERE })).toEqual({ code: 0, said: '' });
    expect((await run('deploy/health.mjs beat', { DATABASE_URL: NOWHERE })).code).toBe(1);
    expect((await run('deploy/health.mjs beat-live', { DATABASE_URL: db.url })).said).toContain('no beat of this host');
  } finally {
    await db.drop();
  }
});

test('pods wait until every migration of their image is applied', async () => {
  const [db, empty] = await Promise.all([testDatabase(), testDatabase({ migrated: false })]);
  try {
    expect(await run('deploy/migrated.mjs', { DATABASE_URL: db.url })).toEqual({ code: 0, said: '' });
    await db.query(`delete from _prisma_migrations where migration_name like '%_init'`);
    const lacks = await run('deploy/migrated.mjs', { DATABASE_URL: db.url, MIGRATED_TIMEOUT_S: '0' });
    expect(lacks).toEqual({ code: 1, said: expect.stringContaining('_init') as string });
    for (const url of [empty.url, NOWHERE])
      expect((await run('deploy/migrated.mjs', { DATABASE_URL: url, MIGRATED_TIMEOUT_S: '0' })).code).toBe(1);
  } finally {
    await db.drop();
    await empty.drop();
  }
});
