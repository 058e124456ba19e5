import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoginAnswer } from '@lovage/http-api';
import {
  eventually,
  startTypeScript,
  TcpProxy,
  testDatabase,
  type TestDatabase,
  type TestProcess,
} from '@lovage/testing';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

let db: TestDatabase;
let dataDir: string;
beforeAll(async () => {
  db = await testDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'lovage-gateway-'));
});
afterAll(async () => {
  await db.drop();
  rmSync(dataDir, { recursive: true });
});

/** The process as the launcher or an operator starts it, in an environment of its own. */
function start(env: Record<string, string | undefined> = {}, ready?: RegExp): Promise<TestProcess> {
  return startTypeScript(main, [], {
    env: {
      DATABASE_URL: db.url,
      BROKER_URL: undefined,
      DATA_DIR: dataDir,
      HOST: undefined,
      PORT: '0',
      JWT_SECRET: undefined,
      ADMIN_EMAIL: undefined,
      ADMIN_PASSWORD: undefined,
      NODE_ENV: undefined,
      LOG_LEVEL: undefined,
      ...env,
    },
    ready,
    ipc: true,
  });
}

const READY = /gateway ready url=/;
const urlOf = (gateway: TestProcess): string => /ready url=(\S+)/.exec(gateway.output)![1]!;

async function login(url: string, email: string, password: string): Promise<Response> {
  return fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
}

test('it tells the first password once, says that it is ready, serves, and ends with 0', async () => {
  await using gateway = await start({}, READY);
  const [, email, password] = /^The first administrator: (\S+), password (\S+)$/m.exec(gateway.output)!;
  const url = urlOf(gateway);
  const { accessToken } = (await (await login(url, email!, password!)).json()) as LoginAnswer;
  const submit = await fetch(`${url}/api/tasks/math.add`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: '{"input":{"x":1,"y":2}}',
  });
  expect(submit.status).toBe(202);
  expect(gateway.messages).toEqual([{ stage: 'connecting to its servers' }, { stage: 'making its routes' }, 'ready']);
  gateway.signal('SIGTERM');
  expect(await gateway.exit).toEqual({ code: 0, signal: null });
  expect(gateway.output.match(new RegExp(password!, 'g'))).toHaveLength(1);
  expect(gateway.output).not.toContain(accessToken);

  await using again = await start({}, READY);
  expect(again.output).not.toContain(password);
  expect((await login(urlOf(again), email!, password!)).status).toBe(200);
}, 60_000);

test('Ctrl-C ends it with 0 as well, while somebody waits', async () => {
  await using own = await testDatabase();
  const admin = { ADMIN_EMAIL: 'a@example.org', ADMIN_PASSWORD: 'correct horse' };
  await using gateway = await start({ ...admin, DATABASE_URL: own.url }, READY);
  expect(gateway.output).not.toContain('correct horse');
  const url = urlOf(gateway);
  const { accessToken } = (await (await login(url, 'a@example.org', 'correct horse')).json()) as LoginAnswer;
  const waiting = fetch(`${url}/api/tasks/math.add`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}`, prefer: 'wait=60' },
    body: '{"input":{"x":1,"y":2}}',
  });
  await eventually(async () => (await own.query('select id from tasks')).length === 1);
  gateway.signal('SIGINT');
  expect((await waiting).status).toBe(202);
  expect(await gateway.exit).toEqual({ code: 0, signal: null });
}, 60_000);

test('it stops in order when the process that started it is gone', async () => {
  await using gateway = await start({}, READY);
  gateway.disconnect();
  expect(await gateway.exit).toEqual({ code: 0, signal: null });
  expect(gateway.output).toMatch(/gateway stopping/);
}, 60_000);

test.each<[string, Record<string, string>, RegExp]>([
  ['a setting is wrong', { PORT: 'eighty' }, /PORT is "?eighty/],
  ['production has no secrets', { NODE_ENV: 'production' }, /JWT_SECRET/],
])(
  'ends with 2 and names the variable when %s',
  async (_, env, told) => {
    await using gateway = await start(env);
    expect((await gateway.exit).code).toBe(2);
    expect(gateway.output).toMatch(told);
  },
  30_000,
);

test('ends with 4 when the port is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  await using gateway = await start({ PORT: String((other.address() as AddressInfo).port) });
  expect((await gateway.exit).code).toBe(4);
  expect(gateway.output).toMatch(/^lovage gateway: port \d+ of 127.0.0.1 is in use/m);
  other.close();
}, 30_000);

test('waits for a Postgres that cannot be reached yet, and ends at once when it is cancelled', async () => {
  const proxy = await TcpProxy.before(db.url);
  await proxy.refuse();
  await using gateway = await start({ DATABASE_URL: proxy.url }, /waiting for PostgreSQL/);
  await using other = await start({ DATABASE_URL: proxy.url }, /waiting for PostgreSQL/);
  other.signal('SIGTERM');
  expect((await other.exit).code).toBe(0);
  expect(other.output).not.toContain('no PostgreSQL can be reached');
  await proxy.heal();
  await gateway.line(READY);
  gateway.signal('SIGTERM');
  expect((await gateway.exit).code).toBe(0);
}, 60_000);
