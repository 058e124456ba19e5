/* global fetch, AbortSignal */
// Health check of one app in its container: `node deploy/health.mjs gateway|worker|beat`. Ends with 0 when the app does its
// work, else with 1 and the reason. `worker-live` and `beat-live` end with 1 only when a new process would do better: a server that
// is away is no reason to kill anything. Plain JavaScript on what the app has installed: it runs every few seconds.
import { createRequire } from 'node:module';
import { hostname } from 'node:os';

const PATIENCE_MS = 4000;
/** A beat looks into the outbox five times a second; one silent for so long is stuck. */
const BEAT_SILENT_S = 15;
/** A worker subscribes anew within 10 s; a queue that it does not consume for so long, with all servers there, it never will. */
const STALLED_MS = 60_000;

/** The app itself is found wanting. */
class Silent extends Error {}

/** @param {boolean} holds @param {string} reason */
function must(holds, reason) {
  if (!holds) throw new Silent(reason);
}

async function gateway() {
  const port = process.env['PORT'] || '8000';
  const { status } = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  must(status === 200, `/health/live answered ${status}`);
}

// It says itself that it takes and runs tasks, where it has a port for that. Else: it was started by this host, and its lease
// holds, which it renews every two seconds.
const worker = () => (process.env['WORKER_HEALTH_PORT'] ? workerReady() : workerLease());

async function workerReady() {
  const url = `http://127.0.0.1:${process.env['WORKER_HEALTH_PORT']}/health/ready`;
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  must(response.status === 200, `/health/ready answered ${response.status}: ${await response.text()}`);
}

// It answers, and consumes what it could consume.
async function workerLive() {
  const url = `http://127.0.0.1:${process.env['WORKER_HEALTH_PORT']}/health/ready`;
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const { status, broker, database, queues } = await response.json();
  if (status === 'stopping' || broker === 'down' || database === 'down') return;
  for (const [queue, { state, since }] of Object.entries(queues))
    must(
      state !== 'stalled' || Date.now() - Date.parse(since) < STALLED_MS,
      `queue ${queue} is stalled since ${since}, although the broker and the database are up`,
    );
}

const workerLease = () =>
  ask(
    "select exists (select from workers where info->>'host' = $1 and lease_until > now()) as healthy",
    [hostname()],
    `no worker of ${hostname()} holds a lease`,
  );

async function beatLive() {
  try {
    await beat();
  } catch (error) {
    // What Postgres did not say is Postgres' fault.
    if (error instanceof Silent) throw error;
  }
}

// A beat has no row of its own. Its sessions come from the address that this one comes from.
const beat = () =>
  ask(
    `select exists (
       select from pg_stat_activity
       where datname = current_database() and application_name like 'lovage-beat%'
         and client_addr is not distinct from inet_client_addr()
         and query_start > now() - $1::int * interval '1 s') as healthy`,
    [BEAT_SILENT_S],
    `no beat of this host has asked the database anything for ${BEAT_SILENT_S} s`,
  );

/** @param {string} sql @param {unknown[]} values @param {string} reason */
async function ask(sql, values, reason) {
  // From where the store has it: whatever npm did with the folders, it is the one that the app uses.
  const pg = createRequire(new URL('../libs/store-postgres/package.json', import.meta.url))('pg');
  const client = new pg.Client({
    connectionString: process.env['DATABASE_URL'],
    application_name: 'lovage-health',
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  });
  try {
    await client.connect();
    const { rows } = await client.query(sql, values);
    must(rows[0].healthy, reason);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const checks = { gateway, worker, beat, 'worker-live': workerLive, 'beat-live': beatLive };
try {
  const check = checks[/** @type {keyof typeof checks} */ (process.argv[2])];
  must(check !== undefined, 'name the app: gateway, worker or beat; or worker-live or beat-live');
  await check();
} catch (error) {
  // The reason alone: a message may not repeat the URL of the database.
  console.error(`unhealthy: ${/** @type {Error} */ (error).message}`);
  process.exitCode = 1;
}
