// How fast ended tasks are counted into the history, what that does to the recording of results, and how fast it is read.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/history.ts <url of an empty, migrated database>
import pg from 'pg';
import { newId } from '@lovage/foundation';
import { blankTask } from '@lovage/ports';
import { createLog } from '@lovage/platform';
import { openStore } from '@lovage/store-postgres';

const url = process.argv[2];
if (url === undefined) throw new Error('give the URL of an empty, migrated database');
const ROWS = Number(process.argv[3] ?? 1_000_000);
const [BATCH, BATCHES, CONNECTIONS, ROUNDS] = [200, 100, 2, 7];
const DAY = 86_400_000;

const admin = new pg.Client({ connectionString: url });
await admin.connect();
const open = () => openStore({ url, log: createLog({ app: 'bench', level: 'warn', mode: 'production' }) });
const store = open();
const beat = open();
const worker = { id: newId(), name: 'bench' };

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const done = await work();
  console.log(`${what}: ${Math.round(performance.now() - began)} ms`);
  return done;
}
async function countAll(limit = 5000): Promise<number[]> {
  const times: number[] = [];
  await beat.history.count(limit);
  for (let more = true; more;) {
    const began = performance.now();
    ({ more } = await beat.history.count(limit));
    times.push(performance.now() - began);
  }
  return times;
}
const spread = (values: number[]): string => {
  const sorted = values.toSorted((a, b) => a - b);
  return `median ${Math.round(sorted[sorted.length >> 1]!)} ms, most ${Math.round(sorted.at(-1)!)} ms`;
};

// A backlog of a day: twenty contracts, of which one in ten tasks failed.
await admin.query(
  'truncate tasks; truncate history_minutes, history_hours, history_days, failure_minutes, failure_groups',
);
await admin.query("update history_cursor set finished_at = '-infinity', counted_from = null, counted_to = null");
await admin.query(
  `insert into tasks (id, name, queue, state, input, error, created_at, started_at, finished_at)
   select gen_random_uuid(), 'bench.task' || n % 20, 'q' || n % 20 % 5, case when n % 10 = 0 then 'FAILURE' else 'SUCCESS' end, '{"x":1,"y":2}',
     case when n % 10 = 0 then json_build_object('type', 'Error', 'message', 'no user ' || n || ' of kind ' || n % 7, 'stack', $2::text) end,
     at - interval '1 s' * (1 + n % 60), at - interval '1 ms' * (n::bigint * 7919 % 30000), at
   from (select n, now() - interval '1 day' - interval '1 hour' + n * interval '1 day' / $1::int as at from generate_series(1, $1::int) as n) s`,
  [ROWS, `Error: no user\n${'    at send (/srv/app/dist/mail/send.js:10:5)\n'.repeat(12)}`],
);
await admin.query('vacuum analyze tasks');
console.log(`${ROWS} ended tasks, a tenth of them failures`);
const times = await timed('counted after beat was away', () => countAll());
console.log(`a batch of 5000: ${spread(times)}`);
for (const table of ['history_minutes', 'history_hours', 'failure_minutes', 'task_failures', 'failure_groups']) {
  const { rows } = await admin.query<{ n: string; size: string }>(
    `select count(*) as n, pg_size_pretty(pg_total_relation_size('${table}')) as size from ${table}`,
  );
  console.log(`${table}: ${rows[0]!.n} rows, ${rows[0]!.size}`);
}

/** Records tasks in batches, as workers do; tasks a second of the record statement alone. */
async function record(): Promise<number> {
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

const figures = { counting: [] as number[], alone: [] as number[] };
const counting = async (): Promise<number> => {
  let stopped = false;
  // Ten times as often as beat does.
  const loop = (async () => {
    while (!stopped) {
      await beat.history.count(5000);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  const rate = await record();
  stopped = true;
  await loop;
  return rate;
};
await record();
for (let round = 0; round < ROUNDS; round += 1) {
  const first = round % 2 === 0;
  if (first) figures.alone.push(await record());
  figures.counting.push(await counting());
  if (!first) figures.alone.push(await record());
}
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
console.log(
  `record: ${Math.round(median(figures.alone))} tasks/s alone, ${Math.round(median(figures.counting))} while beat counts`,
);
const ratios = figures.counting.map((value, round) => value / figures.alone[round]!);
console.log(
  `round by round: ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}; median ${median(ratios).toFixed(2)}`,
);

// A year of hours and days and 30 days of minutes of 50 contracts, each with ends in every one of them.
for (const [table, unit, count] of [
  ['history_minutes', 'minute', 30 * 1440],
  ['history_hours', 'hour', 365 * 24],
  ['history_days', 'day', 365],
] as const) {
  await admin.query(
    `insert into history_series (name, queue, state) select 'year.task' || n, 'q' || n % 5, 'SUCCESS' from generate_series(1, 50) as n on conflict do nothing`,
  );
  await admin.query(
    `insert into ${table} (at, series, ended, run_ms, wait_ms, run, wait)
     select date_trunc('${unit}', now()) - n * interval '1 ${unit}', s.id, 60, 60000, 6000, '[30:41]={1,2,3,4,5,6,7,8,9,10,4,1}', '[3:14]={1,2,3,4,5,6,7,8,9,10,4,1}'
     from generate_series(0, $1::int) as n, history_series s where s.name like 'year.%' on conflict do nothing`,
    [count],
  );
  await admin.query(`vacuum analyze ${table}`);
  const { rows } = await admin.query<{ n: string; size: string }>(
    `select count(*) as n, pg_size_pretty(pg_total_relation_size('${table}')) as size from ${table}`,
  );
  console.log(`${table}: ${rows[0]!.n} rows, ${rows[0]!.size}`);
}
const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const midnight = Math.floor(hour / DAY) * DAY;
const read = (what: string, days: number, stepMs: number, grain: 'minute' | 'hour' | 'day', more: object = {}) =>
  timed(what, () =>
    beat.stats.stats({
      ...{
        from: (grain === 'day' ? midnight : hour) - days * DAY,
        to: hour + 3_600_000,
        stepMs,
        grain,
        by: 'none' as const,
        maxSeries: 50,
      },
      ...more,
    }),
  ).catch((error: unknown) => console.log(`${what}: ${String(error)}`));
for (const by of ['none', 'contract'] as const) {
  await read(`the last hour by minute, by ${by}`, 1 / 24, 60_000, 'minute', { by });
  await read(`a day by 15 minutes, by ${by}`, 1, 900_000, 'minute', { by });
  await read(`a week by 3 hours, by ${by}`, 7, 3 * 3_600_000, 'hour', { by });
  await read(`30 days by 6 hours, by ${by}`, 30, 6 * 3_600_000, 'hour', { by });
  await read(`a year by week, by ${by}`, 365, 7 * DAY, 'day', { by });
  await read(`a year by week of one contract, by ${by}`, 365, 7 * DAY, 'day', { by, contract: 'year.task7' });
}
await timed('failures of a day', () =>
  beat.stats.failures({ from: hour - 2 * DAY, to: hour + 3_600_000, parts: 24 }, { sort: 'count', limit: 50 }),
);
const [group] = (
  await beat.stats.failures({ from: hour - 2 * DAY, to: hour + 3_600_000, parts: 24 }, { sort: 'count', limit: 1 })
).items;
await timed('a page of a group', () => beat.lists.list({ failureGroup: group!.id }, { limit: 50 }));
await store.close();
await beat.close();
await admin.end();
