// Renews a worker's lease from a thread of its own, on a connection of its own: a handler that blocks the event loop must
// not look like death. Plain JavaScript, so that the same file runs from the sources, from a build and under a test runner.
import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';

// Without a navigator, which Node.js 20 lacks, `pg` makes a Response to learn where it runs: all of `fetch`, 3.4 MB a thread.
if (!('navigator' in globalThis)) Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Node.js' } });
const { default: pg } = await import('pg');

/** @type {{ url: string, applicationName: string, name: string, info: string, serves: string | null, renewMs: number, leaseMs: number }} */
const options = workerData;
/** A lease that cannot be renewed is given up this long before it ends: time for handlers to stop before others start. */
const MARGIN_MS = 1000;
const RECONNECT_MS = 250;

let id = randomUUID();
let held = false;
/** performance.now() at the start of the last renewal that succeeded. */
let renewedAt = 0;
let locked = false;
let stopping = false;
/** Its info is another than it registered with. */
let changed = false;
/** The worker was asked to stop. */
let closing = false;
/** @type {import('pg').Client | undefined} */
let client;
/** performance.now() of a question to the main thread that it has not answered yet; 0: there is none. */
let askedAt = 0;
/** Its last answer. */
let told = {};
let cpu = process.cpuUsage();
let cpuAt = performance.now();

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);
/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function connect() {
  const next = new pg.Client({
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.renewMs,
    query_timeout: options.renewMs,
    keepAlive: true,
  });
  next.on('error', () => drop(next));
  await next.connect();
  client = next;
  locked = false;
}

/** @param {import('pg').Client} broken */
function drop(broken) {
  if (client !== broken) return;
  client = undefined;
  broken.end().catch(() => undefined);
}

// Other processes look for this lock to learn whether this worker lives: it goes with the session, so a killed process is seen at once.
async function lock() {
  if (locked || !client) return;
  const { rows } = await client.query('select pg_try_advisory_lock(hashtextextended($1::text, 0)) as locked', [id]);
  locked = rows[0].locked;
}

/** @returns {Promise<boolean>} false: there is no such lease, or it has run out */
async function renew() {
  const { rowCount } = await /** @type {import('pg').Client} */ (client).query(
    "update workers set lease_until = now() + $2::float8 * interval '1 ms', seen_at = now(), memory_mb = $3, vitals = $4, info = coalesce($5, info) where id = $1 and lease_until > now()",
    [id, options.leaseMs, memoryMb(), vitals(), changed ? options.info : null],
  );
  changed = false;
  return rowCount === 1;
}

// Of the whole process: what is known of a kill by the system is how it had grown.
function memoryMb() {
  return Math.round(process.memoryUsage.rss() / 1_048_576);
}

// Of the renewal before: the answer to the question that is put here is read with the next one.
function vitals() {
  const now = performance.now();
  const used = process.cpuUsage(cpu);
  const cores = (used.user + used.system) / 1000 / Math.max(1, now - cpuAt);
  [cpu, cpuAt] = [process.cpuUsage(), now];
  // No answer since the renewal before: the main thread is blocked, and for that long at least.
  const blocked = askedAt === 0 ? {} : { eventLoopDelayMs: Math.round(now - askedAt), eventLoopUse: 1 };
  if (askedAt === 0) {
    askedAt = now;
    port.postMessage({ type: 'asked' });
  }
  return JSON.stringify({ ...told, ...blocked, cpu: Math.round(cores * 1000) / 1000 });
}

async function register() {
  await /** @type {import('pg').Client} */ (client).query(
    "insert into workers (id, name, lease_until, info, serves, first_memory_mb, memory_mb, stopping, seen_at, vitals) values ($1, $2, now() + $3::float8 * interval '1 ms', $4, $5, $6, $6, $7, now(), $8)",
    [id, options.name, options.leaseMs, options.info, options.serves, memoryMb(), closing, vitals()],
  );
}

function lose() {
  if (!held) return;
  held = false;
  port.postMessage({ type: 'lost', id });
  id = randomUUID();
  if (client && locked) drop(client);
  locked = false;
}

async function beat() {
  const startedAt = performance.now();
  if (!client) await connect();
  await lock();
  if (held && !(await renew())) {
    lose();
    if (!client) await connect();
    await lock();
  }
  if (!held) {
    await register();
    held = true;
    port.postMessage({ type: 'held', id });
  }
  renewedAt = startedAt;
}

async function run() {
  while (!stopping) {
    try {
      await beat();
      await pause(options.renewMs);
    } catch (error) {
      if (client) drop(client);
      if (held && performance.now() - renewedAt > options.leaseMs - MARGIN_MS - options.renewMs) lose();
      port.postMessage({ type: 'trouble', message: String(/** @type {Error} */ (error).message ?? error) });
      await pause(RECONNECT_MS);
    }
  }
}

port.on('message', async (message) => {
  if (typeof message === 'object' && 'info' in message) {
    options.info = message.info;
    changed = true;
    return;
  }
  if (typeof message === 'object') {
    told = message;
    askedAt = 0;
    return;
  }
  if (message === 'closing') {
    // Should it be killed now, the one who asked it to stop has done it.
    closing = true;
    await client?.query('update workers set stopping = true where id = $1', [id]).catch(() => undefined);
    return;
  }
  if (message !== 'stop') return;
  stopping = true;
  try {
    // Set first: what is kept of it then tells that it ended by itself.
    if (held && !closing) await client?.query('update workers set stopping = true where id = $1', [id]);
    if (held) await client?.query('delete from workers where id = $1', [id]);
    await client?.end();
  } catch {
    // The sweep removes what could not be removed here.
  }
  port.postMessage({ type: 'stopped' });
  port.close();
  process.exit(0);
});

void run();
