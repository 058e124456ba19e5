// Lists, filters and counts over a million tasks: what they take, and their plans.
//   node --conditions=@lovage/source --import ./tools/ts-hooks.mjs bench/scripts/million-rows.ts postgres://postgres@127.0.0.1:5432/lovage_bench [--plans] [--orders: those alone]
// The database must have been migrated; it is filled on the first run and kept.
import { performance } from 'node:perf_hooks';
import { openStore } from '@lovage/store-postgres';
import type { Log, TaskFilter, TaskSort } from '@lovage/ports';
import pg from 'pg';
import { listQueries } from '@lovage/store-postgres/list-sql';

const ROWS = 1_000_000;
const ROUNDS = 200;
/** A case that is slow by what is promised (a page that goes on for 2 s) ends after so long, ms. */
const CASE_MS = 10_000;
const [url, ...flags] = process.argv.slice(2);
/** `--only 'tag|children'`: the cases whose name matches, and nothing else. */
const only = flags.includes('--only') ? new RegExp(flags[flags.indexOf('--only') + 1] ?? '') : undefined;
if (!url) throw new Error('give the URL of a migrated database');
const log = { ...console, child: () => log, fatal: console.error, trace: () => undefined } as unknown as Log;
const client = new pg.Client({ connectionString: url });
await client.connect();

/** 90 % SUCCESS, 8 % FAILURE, 20 tasks DEAD, 2,000 live; 12 contracts, 5 queues, 50 users; made over the last 30 days. */
async function seed(): Promise<void> {
  const start = performance.now();
  await client.query(`
insert into tasks (id, name, queue, state, worker, input, result, error, user_id, root_id, created_at, started_at, finished_at)
select id, (array['math.add','math.divide','text.upper','mail.send','mail.notify','image.thumbnail','files.download','report.daily',
    'sync.contacts','sync.orders','billing.charge','maintenance.prune'])[1 + i % 12],
  (array['default','default','default','mail','images','bulk'])[1 + i % 6], state, 'worker-' || i % 4 || '@host',
  json_build_object('x', i, 'text', md5(i::text), 'tags', array['a','b']),
  case when state = 'SUCCESS' then json_build_object('value', i * 2) end,
  case when state = 'FAILURE' then json_build_object('type', 'TypeError', 'message', 'cannot read property ' || i) end,
  ('00000000-0000-7000-8000-' || lpad(to_hex(i % 50), 12, '0'))::uuid, id, at, at + interval '1 s',
  case when state <> 'QUEUED' then at + interval '2 s' end
from (
  select i, at, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid as id,
    case when i > ${ROWS - 2000} then 'QUEUED' when i % 50000 = 0 then 'DEAD' when i % 100 < 8 then 'FAILURE' when i % 100 < 10 then 'REVOKED' else 'SUCCESS' end as state
  from (select i, now() - interval '30 days' * (1 - i::float8 / ${ROWS}) as at from generate_series(1, ${ROWS}) i) s
) s`);
  await client.query(`delete from task_counts`);
  await client.query(
    `insert into task_counts (shard, state, n) select 0, state, count(*) from tasks where finished_at is not null group by state`,
  );
  await client.query('vacuum analyze tasks');
  console.log(`${ROWS} tasks written in ${((performance.now() - start) / 1000).toFixed(0)} s`);
}

const { rows } = await client.query<{ n: string }>('select count(*) as n from (select from tasks limit 1000000) t');
if (Number(rows[0]!.n) < ROWS) await seed();

const root = '00000000-0000-7000-8000-0000000000aa';
/** Half the tasks are children of one, every hundredth runs another again; tags of a half, a thousandth and ten of them. */
async function relate(): Promise<void> {
  await client.query('set session_replication_role = replica');
  await client.query(`
update tasks set parent_id = case when n % 2 = 0 then '${root}'::uuid end, root_id = case when n % 2 = 0 then '${root}'::uuid else id end,
  retried_from = case when n % 100 = 0 then md5(n::text)::uuid end,
  extra = json_build_object('tags', case when n % 100000 = 0 then array['half', 'rare', 'ten'] when n % 1000 = 0 then array['half', 'rare'] else array['half'] end)
from (select id as of, row_number() over (order by created_at) as n from tasks) s where of = id and n % 2 = 0`);
  await client.query(`
insert into task_tags select tag, created_at, id from tasks, json_array_elements_text(extra->'tags') tag where extra is not null
on conflict do nothing`);
  await client.query('set session_replication_role = origin');
  await client.query('vacuum analyze tasks');
  await client.query('vacuum analyze task_tags');
}
const related = await client.query<{ there: boolean }>('select exists (select from task_tags) as there');
if (!related.rows[0]!.there) await relate();
const [again] = (
  await client.query<{ of: string }>('select retried_from as of from tasks where retried_from is not null limit 1')
).rows;

const day = 24 * 3600 * 1000;
const now = Date.now();
const userId = '00000000-0000-7000-8000-000000000007';
const cases: Record<string, TaskFilter> = {
  'no filter': {},
  'state SUCCESS': { states: ['SUCCESS'] },
  'state DEAD (20 of a million)': { states: ['DEAD'] },
  'state EXPIRED (none)': { states: ['EXPIRED'] },
  'states FAILURE, DEAD, REVOKED': { states: ['FAILURE', 'DEAD', 'REVOKED'] },
  'state QUEUED': { states: ['QUEUED'] },
  'state STARTED (none of 2,000 live)': { states: ['STARTED'] },
  name: { name: 'mail.send' },
  'name that is not there': { name: 'no.such' },
  'name and FAILURE': { name: 'mail.send', states: ['FAILURE'] },
  'name and DEAD (none)': { name: 'mail.send', states: ['DEAD'] },
  queue: { queue: 'bulk' },
  'queue and user, never together': { queue: 'images', userId },
  user: { userId },
  worker: { worker: 'worker-3@host' },
  'worker that is not there': { worker: 'nobody@host' },
  'made on one day, FAILURE': { createdFrom: now - 11 * day, createdTo: now - 10 * day, states: ['FAILURE'] },
  'ended on one day': { finishedFrom: now - 11 * day, finishedTo: now - 10 * day },
  'tag of half a million': { tags: ['half'] },
  'tag of a thousand': { tags: ['rare'] },
  'tag of ten': { tags: ['ten'] },
  'tag that is not there': { tags: ['none'] },
  'tag of half a million, DEAD': { tags: ['half'], states: ['DEAD'] },
  'tags of half a million and of ten': { tags: ['half', 'ten'] },
  'half a million children': { parentId: root },
  'half a million children, none live': { parentId: root, states: ['STARTED'] },
  'family of half a million': { rootId: root },
  'retried from': { retriedFrom: again!.of },
  'field of the input': { fields: [{ path: 'x', value: '999999' }] },
  'text that is there': { text: 'report' },
  'text that is not there': { text: 'no such text' },
};

const store = openStore({ url, log });
const times = async (work: () => Promise<unknown>): Promise<string> => {
  const all: number[] = [];
  const until = performance.now() + CASE_MS;
  for (let i = 0; i < ROUNDS && (i === 0 || performance.now() < until); i += 1) {
    const start = performance.now();
    await work();
    all.push(performance.now() - start);
  }
  all.sort((a, b) => a - b);
  const at = (share: number): string => all[Math.floor(all.length * share)]!.toFixed(1).padStart(6);
  return `p50 ${at(0.5)}  p95 ${at(0.95)}  p99 ${at(0.99)} ms`;
};
const deep = (
  await client.query<{ created_at: Date; id: string }>(
    'select created_at, id from tasks where finished_at is not null and ended_state = $1 order by created_at desc, id desc offset 500000 limit 1',
    ['SUCCESS'],
  )
).rows[0]!;
const after = { at: deep.created_at.getTime(), id: deep.id };

/** Lists of other orders than the newest first, which is here to be compared with. */
const orders: readonly (readonly [string, TaskSort, TaskFilter])[] = [
  ['newest', 'newest', {}],
  ['oldest', 'oldest', {}],
  ['oldest: state QUEUED', 'oldest', { states: ['QUEUED'] }],
  ['oldest: state DEAD', 'oldest', { states: ['DEAD'] }],
  ['oldest: name', 'oldest', { name: 'mail.send' }],
  ['oldest: half a million children', 'oldest', { parentId: root }],
  ['ended', 'ended', {}],
  ['ended: state FAILURE', 'ended', { states: ['FAILURE'] }],
  ['ended: name', 'ended', { name: 'mail.send' }],
  ['ended: on one day', 'ended', { finishedFrom: now - 11 * day, finishedTo: now - 10 * day }],
];
for (const [name, sort, filter] of only ? [] : orders) {
  const { items, searchedTo } = await store.lists.list(filter, { limit: 50, sort });
  const page = () => store.lists.list(filter, { limit: 50, sort });
  const found = `${items.length} found${searchedTo === null ? '' : `, searched to ${new Date(searchedTo).toISOString()}`}`;
  console.log(name.padEnd(36), await times(page), found);
  if (flags.includes('--plans')) console.log(await plan(filter, sort));
}
{
  // No index serves it: once is enough.
  const began = performance.now();
  const { items, searchedTo } = await store.lists.list({ states: ['DEAD'] }, { limit: 50, sort: 'ended' });
  const took = (performance.now() - began).toFixed(0);
  const to = searchedTo === null ? 'all' : new Date(searchedTo).toISOString();
  console.log(`ended: state DEAD, once: ${took} ms, ${items.length} found, searched: ${to}`);
}
for (const sort of only ? [] : (['oldest', 'ended'] as const))
  console.log(
    `${sort}: half a million in`.padEnd(36),
    await times(() => store.lists.list({}, { limit: 50, after, sort })),
  );

for (const [name, filter] of flags.includes('--orders') ? [] : Object.entries(cases)) {
  if (only?.test(name) === false) continue;
  const { items } = await store.lists.list(filter, { limit: 50 });
  console.log(name.padEnd(36), await times(() => store.lists.list(filter, { limit: 50 })), `${items.length} found`);
  if (flags.includes('--plans')) console.log(await plan(filter));
}
if (flags.includes('--orders')) {
  await store.close();
  await client.end();
  process.exit(0);
}
console.log('no filter, half a million back'.padEnd(36), await times(() => store.lists.list({}, { limit: 50, after })));
console.log('no filter, limit 200'.padEnd(36), await times(() => store.lists.list({}, { limit: 200 })));
for (const name of ['tag of half a million', 'tag of ten', 'half a million children', 'family of half a million'])
  console.log(`counts of: ${name}`.padEnd(36), await times(() => store.lists.countsOf(cases[name]!)));
console.log('counts'.padEnd(36), await times(() => store.lists.counts()), JSON.stringify(await store.lists.counts()));
await store.close();
await client.end();

async function plan(filter: TaskFilter, sort?: TaskSort): Promise<string> {
  const { text, values } = listQueries(filter, { limit: 51, sort }).page;
  const found = await client.query<{ 'QUERY PLAN': string }>(`explain (analyze, buffers, costs off) ${text}`, values);
  return found.rows.map((row) => `    ${row['QUERY PLAN']}`).join('\n');
}
