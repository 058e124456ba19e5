// Lists, filters, pages and counts over a million tasks, asked of a gateway by HTTP: what they take as a client sees it.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/million-rows-http.ts postgres://postgres@127.0.0.1:5432/lovage_bench
// The database is the one that bench/scripts/million-rows.ts has filled. Each case is asked 200 times in each of three rounds; a round
// goes through all cases, so that what else the machine does meets each of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { TaskList } from '@lovage/http-api';
import pg from 'pg';
import { startTypeScript } from '@lovage/testing/start-process';

const ROUNDS = 3;
const CALLS = 200;
const PAGES = 200;
const ADMIN = { email: 'bench@example.org', password: 'correct horse battery' };
const [databaseUrl] = process.argv.slice(2);
if (!databaseUrl) throw new Error('give the URL of the database that bench/scripts/million-rows.ts has filled');

const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
// The first administrator is made where there is no user; this one's password is known.
await client.query('delete from users where email = $1', [ADMIN.email]);
if ((await client.query('select from users limit 1')).rowCount !== 0)
  throw new Error('this database has users of its own: take one that only this measurement uses');
const known = await client.query<{ created_at: Date; id: string }>(
  `select created_at, id from tasks where ended_state = 'SUCCESS' order by created_at desc, id desc offset 500000 limit 1`,
);
await client.end();
const deep = known.rows[0];
if (!deep) throw new Error('the database is empty: run bench/scripts/million-rows.ts first');
const deepCursor = Buffer.from(`${deep.created_at.getTime()}.${deep.id}`).toString('base64url');

const dataDir = mkdtempSync(join(tmpdir(), 'lovage-bench-'));
await using gateway = await startTypeScript(
  fileURLToPath(new URL('../../apps/gateway/src/main.ts', import.meta.url)),
  [],
  {
    env: {
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      BROKER_URL: undefined,
      DATA_DIR: dataDir,
      PORT: '0',
      JWT_SECRET: 'j'.repeat(32),
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
    },
    ready: '"msg":"ready"',
  },
);
const base = (JSON.parse(await gateway.line('"msg":"ready"')) as { url: string }).url;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** By node's own client on one kept connection: what is measured is the gateway. */
function ask(path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const asked = request(new URL(path, base), { agent, method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode!, text })).on('error', reject);
    });
    asked.on('error', reject).end(body);
  });
}

const login = await ask('/api/auth/login', { 'content-type': 'application/json' }, JSON.stringify(ADMIN));
const { accessToken } = JSON.parse(login.text) as { accessToken: string };
const authorization = `Bearer ${accessToken}`;
async function get(path: string): Promise<string> {
  const { status, text } = await ask(path, { authorization });
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return text;
}

const day = 24 * 3600 * 1000;
const daysAgo = (days: number): string => encodeURIComponent(new Date(Date.now() - days * day).toISOString());
const user = '00000000-0000-7000-8000-000000000007';
const cases: Record<string, string> = {
  'no filter': '',
  'state SUCCESS': 'state=SUCCESS',
  'state DEAD (20 of a million)': 'state=DEAD',
  'state EXPIRED (none)': 'state=EXPIRED',
  'states FAILURE, DEAD, REVOKED': 'state=FAILURE,DEAD,REVOKED',
  'state QUEUED': 'state=QUEUED',
  'state STARTED (none of 2,000 live)': 'state=STARTED',
  name: 'name=mail.send',
  'name that is not there': 'name=no.such',
  'name and FAILURE': 'name=mail.send&state=FAILURE',
  'name and DEAD (none)': 'name=mail.send&state=DEAD',
  queue: 'queue=bulk',
  'queue and user, never together': `queue=images&user=${user}`,
  user: `user=${user}`,
  worker: 'worker=worker-3@host',
  'worker that is not there': 'worker=nobody@host',
  'made on one day': `createdFrom=${daysAgo(11)}&createdTo=${daysAgo(10)}`,
  'made on one day, FAILURE': `createdFrom=${daysAgo(11)}&createdTo=${daysAgo(10)}&state=FAILURE`,
  'ended on one day': `finishedFrom=${daysAgo(11)}&finishedTo=${daysAgo(10)}`,
  'text that is there': 'text=report',
  'text that is not there': `text=${encodeURIComponent('no such text')}`,
  'text within a name and state': 'text=property&name=mail.send&state=FAILURE',
  'text: a whole id': `text=${deep.id}`,
  'half a million back': `cursor=${deepCursor}`,
  'half a million back, FAILURE': `cursor=${deepCursor}&state=FAILURE`,
  'half a million back, user': `cursor=${deepCursor}&user=${user}`,
  'limit 200': 'limit=200',
};

/** Follows `nextCursor` from the first page on, ms a page. */
async function pages(): Promise<number[]> {
  const all: number[] = [];
  for (let cursor = '', n = 0; n < PAGES; n += 1) {
    const began = performance.now();
    const page = JSON.parse(await get(`/api/tasks?limit=50${cursor}`)) as TaskList;
    all.push(performance.now() - began);
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  return all;
}

async function calls(path: string): Promise<number[]> {
  const all: number[] = [];
  for (let n = 0; n < CALLS; n += 1) {
    const began = performance.now();
    await get(path);
    all.push(performance.now() - began);
  }
  return all;
}

const measured: Record<string, () => Promise<number[]>> = {
  ...Object.fromEntries(Object.entries(cases).map(([name, query]) => [name, () => calls(`/api/tasks?${query}`)])),
  [`${PAGES} pages in a row`]: pages,
  counts: () => calls('/api/tasks/counts'),
};
const rounds: Record<string, number[][]> = {};
for (let round = 0; round < ROUNDS; round += 1) {
  const loads: number[] = [];
  for (const [name, measure] of Object.entries(measured)) {
    (rounds[name] ??= []).push((await measure()).sort((a, b) => a - b));
    loads.push(loadavg()[0]!);
  }
  console.log(`round ${round + 1}: load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`);
}
const at = (times: readonly number[], share: number): number => times[Math.floor(times.length * share)]!;
const over = (name: string, share: number): number[] => rounds[name]!.map((times) => at(times, share));
console.log(`${'ms'.padEnd(36)}    p50    p95  p95 of the worst round`);
for (const name of Object.keys(measured)) {
  const found = [over(name, 0.5), over(name, 0.95)] as const;
  const shown = [Math.min(...found[0]), Math.min(...found[1]), Math.max(...found[1])];
  console.log(name.padEnd(36), ...shown.map((ms) => ms.toFixed(1).padStart(6)));
}
agent.destroy();
rmSync(dataDir, { recursive: true, force: true });
