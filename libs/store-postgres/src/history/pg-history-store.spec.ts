import pg from 'pg';
import { bucketOf, newId } from '@lovage/foundation';
import { silentLog } from '@lovage/testing';
import { openStore } from '../open-store.ts';
import { bucketSql } from './count-sql.ts';
import { fixture, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
beforeEach(async () => {
  f = await fixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const T0 = Date.UTC(2026, 10, 1, 10);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

interface End {
  readonly at: number;
  readonly name?: string;
  readonly queue?: string;
  readonly state?: string;
  readonly ranMs?: number;
  readonly waitedMs?: number;
  readonly error?: string | null;
}

/** Tasks that have ended. */
async function ended(...ends: End[]): Promise<string[]> {
  const ids: string[] = [];
  for (const {
    at,
    name = 'a.b',
    queue = 'default',
    state = 'SUCCESS',
    ranMs = 100,
    waitedMs = 10,
    error = null,
  } of ends) {
    const id = newId();
    ids.push(id);
    const started = at - ranMs;
    await f.db.query(
      `insert into tasks (id, name, queue, state, error, created_at, started_at, finished_at)
       values ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), to_timestamp($7::float8 / 1000), to_timestamp($8::float8 / 1000))`,
      [id, name, queue, state, error, started - waitedMs, started, at],
    );
  }
  return ids;
}

/** Counts all that there is. The first look at open transactions of a store lets none count. */
async function countAll(limit = 100, history = f.store.history): Promise<number> {
  let { tasks } = await history.count(limit);
  for (let more = true; more;) {
    const counted = await history.count(limit);
    tasks += counted.tasks;
    more = counted.more;
  }
  return tasks;
}

const rows = (table = 'history_minutes') =>
  f.db.query<{ at: Date; name: string; queue: string; state: string; ended: number; run_ms: string; run: number[] }>(
    `select h.at, s.name, s.queue, s.state, h.ended, h.run_ms, h.run, array_lower(h.run, 1) as run_from from ${table} h join history_series s on s.id = h.series order by 1, 2, 3, 4`,
  );
const total = async (table = 'history_minutes') => (await rows(table)).reduce((sum, { ended: n }) => sum + n, 0);
const error = (message: string, type = 'Error', stack?: string) => JSON.stringify({ type, message, stack });

test('ends are counted once, by minute, hour and series, with histograms of their times', async () => {
  await ended(
    { at: T0 + 1_000, ranMs: 100, waitedMs: 0 },
    { at: T0 + 59_999, ranMs: 110, waitedMs: 5 },
    { at: T0 + MINUTE, ranMs: 100_000 },
    { at: T0 + MINUTE, state: 'FAILURE', error: error('x') },
    { at: T0 + MINUTE, name: 'c.d', queue: 'q2', state: 'EXPIRED' },
  );
  const [unstarted] = await ended({ at: T0 + 2 * MINUTE, state: 'REVOKED' });
  await f.db.query('update tasks set started_at = null where id = $1', [unstarted]);
  await f.db.query(`insert into tasks (id, name, queue, state) values ($1, 'a.b', 'default', 'QUEUED')`, [newId()]);
  expect(await countAll(2)).toBe(6);
  const minutes = await rows();
  expect(
    minutes.map(({ at, name, state, ended: n, run_ms }) => [at.getTime() - T0, name, state, n, Number(run_ms)]),
  ).toEqual([
    [0, 'a.b', 'SUCCESS', 2, 210],
    [MINUTE, 'a.b', 'FAILURE', 1, 100],
    [MINUTE, 'a.b', 'SUCCESS', 1, 100_000],
    [MINUTE, 'c.d', 'EXPIRED', 1, 0],
    [2 * MINUTE, 'a.b', 'REVOKED', 1, 0],
  ]);
  expect(minutes[0]).toMatchObject({ run_from: bucketOf(100), run: [1, 1] });
  expect(await total('history_hours')).toBe(6);
  expect(await total('history_days')).toBe(6);
  expect(await rows('history_hours')).toHaveLength(4);
  // Later ends go into the same rows.
  await ended({ at: T0 + 3 * MINUTE });
  await ended({ at: T0 + 3 * MINUTE + 1, ranMs: 90 });
  expect(await countAll()).toBe(2);
  expect((await rows()).at(-1)).toMatchObject({ ended: 2 });
  expect((await rows('history_hours')).find(({ state }) => state === 'SUCCESS')).toMatchObject({ ended: 5 });
});

test('buckets of SQL are those of the histogram', async () => {
  const times = [0, 0.4, 1, 2, 3, 4, 7, 8, 63, 64, 1000, 65_536, 2 ** 29, 2 ** 30, 1e12, 1e15];
  const found = await f.db.query<{ bucket: number }>(
    `select ${bucketSql('ms')} as bucket from unnest($1::float8[]) with ordinality as s(ms, i) order by i`,
    [times],
  );
  expect(found.map(({ bucket }) => bucket)).toEqual(times.map(bucketOf));
});

test('two beats, and one that dies in the middle, count each end once', async () => {
  await ended(...Array.from({ length: 60 }, (_, i) => ({ at: T0 + i * 1000 })));
  const other = openStore({ url: f.db.url, log: silentLog });
  try {
    const all = await Promise.all([countAll(25), countAll(20, other.history), countAll(15)]);
    // A beat that finds the cursor taken counts none; what is left then, the next pass counts.
    const rest = await countAll();
    expect(all.reduce((sum, n) => sum + n, 0) + rest).toBe(60);
    expect(await total()).toBe(60);
    await ended(
      ...Array.from({ length: 5 }, (_, i) => ({ at: T0 + 3600_000 + i, state: 'FAILURE', error: error('x') })),
    );
    // The last statement of a batch fails, as if the process had died before the commit.
    await f.db.query(
      `alter table history_cursor add constraint no_move check (finished_at < to_timestamp(${T0 / 1000 + 600}))`,
    );
    await expect(countAll()).rejects.toThrow();
    expect(await total()).toBe(60);
    expect(await f.db.query('select from task_failures')).toHaveLength(0);
    await f.db.query('alter table history_cursor drop constraint no_move');
    expect(await countAll()).toBe(5);
    expect(await total()).toBe(65);
  } finally {
    await other.close();
  }
});

test('an end that is committed late is waited for', async () => {
  const slow = new pg.Client({ connectionString: f.db.url });
  await slow.connect();
  await slow.query('begin');
  await slow.query(
    `insert into tasks (id, name, queue, state, finished_at) values ($1, 'a.b', 'default', 'SUCCESS', to_timestamp($2::float8 / 1000))`,
    [newId(), T0],
  );
  // One that ended later, and was committed at once.
  await ended({ at: T0 + 1 });
  for (let i = 0; i < 4; i += 1) expect((await f.store.history.count(10)).tasks).toBe(0);
  await slow.query('commit');
  await slow.end();
  expect(await countAll()).toBe(2);
});

test('a session that holds a lock without a transaction, as a worker its lease, is not waited for', async () => {
  const lease = new pg.Client({ connectionString: f.db.url });
  await lease.connect();
  await lease.query('select pg_advisory_lock(4711)');
  await ended({ at: T0 });
  expect(await countAll()).toBe(1);
  await lease.end();
});

test('what is deleted before it is counted is counted all the same, and once', async () => {
  const ids = await ended(
    { at: T0, state: 'FAILURE', error: error('no user 7') },
    { at: T0 + 1 },
    { at: T0 + MINUTE },
    { at: T0 + 2 * MINUTE, state: 'DEAD', error: error('gone') },
  );
  await f.db.query('delete from tasks where id = any($1)', [ids.slice(0, 2)]);
  expect(await countAll(1)).toBe(4);
  expect(await total()).toBe(4);
  // What was counted is counted no second time.
  await f.db.query('delete from tasks where id = any($1)', [ids.slice(2)]);
  expect(await countAll()).toBe(0);
  expect(await f.db.query('select from uncounted_ends')).toHaveLength(0);
  expect(await f.db.query('select from task_failures')).toHaveLength(0);
  expect((await f.db.query<{ n: number }>('select sum(failed)::int as n from failure_minutes'))[0]!.n).toBe(2);
  // Deleting and counting at once.
  for (let round = 0; round < 3; round += 1) {
    const more = await ended(...Array.from({ length: 10 }, (_, i) => ({ at: T0 + DAY + round * 1000 + i })));
    await Promise.all([countAll(3), ...more.map((one) => f.db.query('delete from tasks where id = $1', [one]))]);
    await countAll();
    expect(await total()).toBe(4 + 10 * (round + 1));
  }
});

test('failures that differ in values alone are one group; a contract has so many', async () => {
  const stack = (line: number) => `Error: x\n    at send (/srv/mail.js:${line}:1)`;
  const ids = await ended(
    { at: T0, state: 'FAILURE', error: error('no user 7', 'NotFound', stack(1)) },
    { at: T0 + MINUTE, state: 'DEAD', error: error('no user 8', 'NotFound', stack(2)) },
    { at: T0, state: 'FAILURE', error: error('no user 8', 'NotFound') },
    { at: T0, state: 'FAILURE', name: 'c.d', error: error('no user 8', 'NotFound', stack(2)) },
    { at: T0, state: 'FAILURE', error: null },
    { at: T0, state: 'FAILURE', error: '{"type":"Nul","message":"a\\u0000b \\ud800"}' },
    { at: T0, state: 'FAILURE', error: `{"type":"Huge","message":"m","data":"${'x'.repeat(100_000)}"}` },
    { at: T0, state: 'FAILURE', error: '[1]' },
    { at: T0, state: 'REVOKED', error: error('cancelled', 'Revoked') },
  );
  await countAll();
  const groups = await f.db.query<{
    id: string;
    type: string;
    message: string;
    stack: string[];
    sample_task_id: string;
  }>(
    `select g.*, (select sum(failed)::int from failure_minutes m where m.group_id = g.id) as n from failure_groups g order by contract, type, message, first_seen_at, n desc`,
  );
  expect(groups).toEqual([
    expect.objectContaining({ type: 'Error', message: '', n: 2 }),
    expect.objectContaining({ type: 'Huge', message: 'm' }),
    expect.objectContaining({
      type: 'NotFound',
      message: 'no user <n>',
      stack: ['send (mail.js)'],
      n: 2,
      sample_task_id: ids[1],
    }),
    expect.objectContaining({ type: 'NotFound', message: 'no user <n>', stack: [], n: 1 }),
    expect.objectContaining({ type: 'Nul' }),
    expect.objectContaining({ contract: 'c.d', type: 'NotFound', stack: ['send (mail.js)'] }),
  ]);
  // The list of tasks finds those of a group, newest first, page by page.
  const failureGroup = groups.find(({ sample_task_id }) => sample_task_id === ids[1])!.id;
  const page = await f.store.lists.list({ failureGroup }, { limit: 1 });
  expect(page.items.map(({ id }) => id)).toEqual([ids[1]]);
  expect(
    (await f.store.lists.list({ failureGroup }, { limit: 1, after: page.next! })).items.map(({ id }) => id),
  ).toEqual([ids[0]]);
  expect(
    (await f.store.lists.list({ failureGroup, states: ['DEAD'] }, { limit: 9 })).items.map(({ id }) => id),
  ).toEqual([ids[1]]);
  expect((await f.store.lists.countsOf({ failureGroup })).states).toMatchObject({ FAILURE: 1, DEAD: 1, SUCCESS: 0 });
  expect((await f.store.lists.list({ failureGroup: newId() }, { limit: 9 })).items).toEqual([]);
  // Messages without anything in common: 200 groups, then one for each type, then one for all.
  const deadLetters = (n: number): string => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
  await f.db.query(
    `insert into tasks (id, name, queue, state, error, finished_at)
     select gen_random_uuid(), 'many', 'default', 'FAILURE', e::json, to_timestamp(($2::float8 + i) / 1000) from unnest($1::text[]) with ordinality as s(e, i)`,
    [
      Array.from({ length: 400 }, (_, i) => error(`x ${deadLetters(i)}`, i < 260 ? 'Same' : `T${deadLetters(i)}`)),
      T0 + DAY,
    ],
  );
  expect(await countAll(150)).toBe(400);
  const many = await f.db.query<{ type: string | null; message: string | null; n: number }>(
    `select type, message, (select sum(failed)::int from failure_minutes m where m.group_id = g.id) as n from failure_groups g where contract = 'many'`,
  );
  expect(many).toHaveLength(251);
  expect(many.find(({ type, message }) => type === 'Same' && message === null)).toMatchObject({ n: 60 });
  expect(many.find(({ type }) => type === null)).toMatchObject({ n: 140 - 49 });
});

test('counts are kept as long as they say; groups until nobody has seen them for so long', async () => {
  const now = Date.now();
  const day = (n: number): number => now - n * DAY;
  await ended(
    { at: day(400) },
    { at: day(40), state: 'FAILURE', error: error('old') },
    { at: day(1), state: 'FAILURE', error: error('new') },
  );
  await countAll();
  const kept = { minutesMs: 30 * DAY, hoursMs: 365 * DAY };
  while (await f.store.history.prune(kept, 1));
  expect((await rows()).map(({ state }) => state)).toEqual(['FAILURE']);
  expect(await total('history_hours')).toBe(2);
  expect(await f.db.query('select message from failure_groups')).toEqual([{ message: 'new' }]);
  expect(await f.db.query('select from failure_minutes')).toHaveLength(1);
  const [pruned] = await f.db.query<{ ms: number }>(
    'select (extract(epoch from minutes_from) * 1000)::float8 as ms from history_cursor',
  );
  expect(pruned!.ms).toBeGreaterThan(day(30));
  expect(pruned!.ms).toBeLessThan(day(29));
  expect(await countAll()).toBe(0);
});
