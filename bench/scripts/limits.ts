// What limits cost a task's claim and its end, in batches of 100 through the store, ms a batch.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/limits.ts postgres://postgres@127.0.0.1:5432/lovage_bench
// The database must have been migrated; ITS TASKS AND LIMITS ARE DELETED.
import { newId } from '@lovage/foundation';
import { blankTask, type Log, type NewTask, type TaskLimits } from '@lovage/ports';
import { openStore, type PgStore } from '@lovage/store-postgres';
import pg from 'pg';

const BATCH = 100;
const BATCHES = 50;
const ROUNDS = 7;
const CONTRACT = 'bench.task';
const [url] = process.argv.slice(2);
if (!url) throw new Error('give the URL of a migrated database');
const log = { ...console, child: () => log, fatal: console.error, trace: () => undefined } as unknown as Log;
const client = new pg.Client({ connectionString: url });
await client.connect();

const worker = { id: newId(), name: 'bench' };
await client.query(`insert into workers (id, name, lease_until) values ($1, 'bench', now() + interval '1 h')`, [
  worker.id,
]);

interface Case {
  /** Undefined: the task has no limits. */
  readonly limits: ((i: number) => TaskLimits) | undefined;
  /** Before its rounds; what it does to the schema is undone by `after`. */
  readonly before?: () => Promise<unknown>;
  readonly after?: () => Promise<unknown>;
}
const slots =
  (limit: number, keys = 1) =>
  (i: number): TaskLimits => ({
    ...{ contract: CONTRACT, rate: null },
    concurrency: { key: keys === 1 ? `concurrency:${CONTRACT}` : `concurrency:${CONTRACT}:${i % keys}`, limit },
  });
const rate = (): TaskLimits => ({
  ...{ contract: CONTRACT, concurrency: null },
  rate: { key: `rate:${CONTRACT}`, intervalMs: 0.01, burst: 100_000 },
});
const trigger = (how: 'disable' | 'enable') => () => client.query(`alter table tasks ${how} trigger limits_task_left`);
const cases: Record<string, Case> = {
  'no limits, nor the trigger that frees slots': {
    limits: undefined,
    before: trigger('disable'),
    after: trigger('enable'),
  },
  'no limits': { limits: undefined },
  'no limits, while 20,000 of another contract wait': { limits: undefined, before: manyWait },
  'concurrency, one key, all get a slot': { limits: slots(100_000) },
  'concurrency, a key for each task': { limits: slots(1, BATCH) },
  'concurrency by key, as set for 1,000 values': { limits: slots(1, BATCH), before: manyValuesSet },
  'a rate that nobody waits for': { limits: rate },
  both: { limits: (i) => ({ ...slots(100_000)(i), rate: rate().rate }) },
};

function batch(): NewTask[] {
  return Array.from({ length: BATCH }, () =>
    blankTask({ id: newId(), name: CONTRACT, queue: 'default', input: '{"x":1,"y":2}' }),
  );
}

async function clean(): Promise<void> {
  await client.query('truncate tasks, outbox, limit_keys, limit_slots, limit_tickets, limit_overrides');
  await client.query('checkpoint');
}

/** Tasks of another contract, parked. */
async function manyWait(): Promise<void> {
  await client.query(
    `insert into limit_keys (key, contract, declared) values ('concurrency:bench.other', 'bench.other', 1)`,
  );
  await client.query(
    `with t as (insert into tasks (id, name, queue, state, turn, limit_key)
       select gen_random_uuid(), 'bench.other', 'default', 'SCHEDULED', 1, 'concurrency:bench.other' from generate_series(1, 20000)
       returning id, created_at)
     insert into outbox (task_id, turn, due_at, limit_key, limit_since) select id, 1, 'infinity', 'concurrency:bench.other', created_at from t`,
  );
}

async function manyValuesSet(): Promise<void> {
  const store = openStore({ url: url!, log });
  const keys = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [String(i), 2]));
  await store.limits.override(CONTRACT, { keys }, { actor: null, reason: null, uncounted: false });
  await store.close();
}

async function claim(store: PgStore, of: readonly NewTask[], from: number, { limits }: Case): Promise<void> {
  const items = of.map((task, i) => ({ task, generation: 0, claimNo: from + i, hadRow: true }));
  const got = limits
    ? await store.limits.claim(
        worker,
        items.map((item, i) => ({ ...item, limits: limits(i) })),
      )
    : await store.tasks.claim(worker, items, { durable: false });
  if (got.length !== BATCH || got.some((one) => 'outcome' in one && one.outcome !== 'granted'))
    throw new Error('not all were granted');
}

/** Of each batch: its claim and its record, ms. */
async function round(one: Case): Promise<[number, number][]> {
  await clean();
  await one.before?.();
  const store = openStore({ url: url!, log });
  const spent: [number, number][] = [];
  for (let k = 0; k < BATCHES; k += 1) {
    const of = batch();
    await store.tasks.insertQueued(of);
    const start = performance.now();
    await claim(store, of, k * BATCH, one);
    const between = performance.now();
    const ends = of.map(({ id }, i) => ({
      ...{ id, claimNo: k * BATCH + i, limitKey: one.limits?.(i).concurrency?.key },
      ...{ state: 'SUCCESS' as const, result: '3', error: null },
    }));
    await store.tasks.record(worker.id, ends);
    spent.push([between - start, performance.now() - between]);
  }
  await store.close();
  await one.after?.();
  return spent;
}

const results = new Map<string, [number, number][]>();
try {
  for (let i = 0; i < ROUNDS; i += 1)
    for (const [name, one] of Object.entries(cases))
      results.set(name, [...(results.get(name) ?? []), ...(await round(one))]);
} finally {
  await trigger('enable')();
  await clean();
  await client.query('delete from workers where id = $1', [worker.id]);
  await client.end();
}
const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
console.log(`${'median of all batches, ms'.padEnd(50)}   claim  record`);
for (const [name, batches] of results) {
  const medians = [median(batches.map(([ms]) => ms)), median(batches.map(([, ms]) => ms))];
  console.log(name.padEnd(50), medians.map((ms) => ms.toFixed(2).padStart(7)).join(' '));
}
