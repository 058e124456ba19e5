// How fast retention deletes a backlog by mixed rules, and what a run costs that finds nothing to delete.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/retention.ts <url of an empty, migrated database>
import pg from 'pg';
import { createLog } from '@lovage/platform';
import type { RetentionRules } from '@lovage/ports';
import { openStore } from '@lovage/store-postgres';

const url = process.argv[2];
if (url === undefined) throw new Error('give the URL of an empty, migrated database');
const TASKS = 500_000;
const DAY = 86_400_000;

const admin = new pg.Client({ connectionString: url });
await admin.connect();
const store = openStore({ url, log: createLog({ app: 'bench', level: 'warn', mode: 'production' }) });
// Thirty days of tasks: 90 % SUCCESS, 9 % FAILURE, 1 % DEAD.
await admin.query(
  `insert into tasks (id, name, queue, state, input, result, finished_at)
  select gen_random_uuid(), 'bench.task' || n % 12, 'default',
    case when n % 100 = 0 then 'DEAD' when n % 100 < 10 then 'FAILURE' else 'SUCCESS' end, '{"x":1,"y":2}', '3',
    now() - n * interval '30 days' / ${TASKS} from generate_series(1, ${TASKS}) as n`,
);
await admin.query('vacuum analyze tasks');

const rules: RetentionRules = {
  byState: { SUCCESS: DAY, FAILURE: 20 * DAY, REVOKED: 7 * DAY, EXPIRED: 7 * DAY, DEAD: Infinity },
  byName: new Map([['bench.task3', { SUCCESS: 10 * DAY }]]),
};
for (const what of ['the backlog', 'again, with nothing to delete']) {
  const times: number[] = [];
  let deleted = 0;
  const began = performance.now();
  for (let start = began, run = store.retention.pruneTasks(rules, { limit: 1000 }); ;) {
    const step = await run.next();
    if (step.done) break;
    deleted += step.value.tasks;
    times.push(performance.now() - start);
    start = performance.now();
  }
  times.sort((a, b) => a - b);
  console.log(
    `${what}: ${deleted} tasks in ${((performance.now() - began) / 1000).toFixed(2)} s, ${times.length} batches; ` +
      `a batch: median ${times[times.length >> 1]!.toFixed(1)} ms, most ${times.at(-1)!.toFixed(0)} ms`,
  );
}
await store.close();
await admin.end();
