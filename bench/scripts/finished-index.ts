// What the index on the end of tasks costs the recording of results, and how fast retention deletes by it.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/finished-index.ts <url of an empty, migrated database>
import pg from 'pg';
import { newId } from '@lovage/foundation';
import { blankTask } from '@lovage/ports';
import { createLog } from '@lovage/platform';
import { openStore } from '@lovage/store-postgres';

const url = process.argv[2];
if (url === undefined) throw new Error('give the URL of an empty, migrated database');
const BATCH = 200;
const BATCHES = 150;
const CONNECTIONS = 2;
const ROUNDS = 9;
const INDEX = 'create index tasks_finished_idx on tasks (finished_at, id) where finished_at is not null';

const admin = new pg.Client({ connectionString: url });
await admin.connect();
const store = openStore({ url, log: createLog({ app: 'bench', level: 'warn', mode: 'production' }) });
const worker = { id: newId(), name: 'bench' };

/** Records tasks in batches, as workers do; tasks a second of the record statement alone. */
async function record(): Promise<number> {
  await admin.query('truncate tasks');
  await admin.query('delete from workers');
  await admin.query("insert into workers (id, name, lease_until) values ($1, $2, now() + interval '1 hour')", [
    worker.id,
    worker.name,
  ]);
  let claimNo = 0;
  const batches: { id: string; claimNo: number }[][] = [];
  for (let n = 0; n < BATCHES; n += 1) {
    const tasks = Array.from({ length: BATCH }, () =>
      blankTask({ id: newId(), name: 'bench.task', queue: 'default', input: '{"x":1,"y":2}' }),
    );
    await store.tasks.insertQueued(tasks);
    const items = tasks.map((task) => ({ task, generation: 0, claimNo: (claimNo += 1), hadRow: true }));
    await store.tasks.claim(worker, items, { durable: false });
    batches.push(items.map(({ task, claimNo }) => ({ id: task.id, claimNo })));
  }
  const began = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let batch = batches.pop(); batch; batch = batches.pop())
        await store.tasks.record(
          worker.id,
          batch.map((item) => ({ ...item, state: 'SUCCESS' as const, result: '3', error: null })),
        );
    }),
  );
  return (BATCH * BATCHES * 1000) / (performance.now() - began);
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

const figures = { with: [] as number[], without: [] as number[] };
await record();
for (let round = 0; round < ROUNDS; round += 1) {
  await admin.query('drop index if exists tasks_finished_idx');
  figures.without.push(await record());
  await admin.query(INDEX);
  figures.with.push(await record());
}
const [without, withIndex] = [median(figures.without), median(figures.with)];
console.log(`record, without the index: ${Math.round(without)} tasks/s; with it: ${Math.round(withIndex)} tasks/s`);
const ratios = figures.with.map((value, round) => value / figures.without[round]!);
console.log(
  `with / without, round by round: ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}; median ${median(ratios).toFixed(2)}`,
);

await admin.query(`insert into tasks (id, name, queue, state, input, result, finished_at)
  select gen_random_uuid(), 'bench.task', 'default', 'SUCCESS', '{"x":1,"y":2}', '3', now() - interval '8 days' + n * interval '1 ms'
  from generate_series(1, 200000) as n`);
await admin.query('analyze tasks');
const times: number[] = [];
const began = performance.now();
const keep = 7 * 86_400_000;
const byState = { SUCCESS: keep, FAILURE: keep, REVOKED: keep, EXPIRED: keep, DEAD: keep };
for (let start = began, run = store.retention.pruneTasks({ byState, byName: new Map() }, { limit: 1000 }); ;) {
  if ((await run.next()).done) break;
  times.push(performance.now() - start);
  start = performance.now();
}
const seconds = (performance.now() - began) / 1000;
console.log(
  `retention: 200000 tasks in ${seconds.toFixed(1)} s; a batch of 1000: median ${median(times).toFixed(0)} ms, most ${Math.max(...times).toFixed(0)} ms`,
);
await store.close();
await admin.end();
