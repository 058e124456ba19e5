import type { TaskFilter, TaskPosition } from '@lovage/ports';
import { deferred, newId } from '@lovage/foundation';
import { eventually, revokeOne, silentLog } from '@lovage/testing';
import { listQueries } from './list-sql.ts';
import { PgTaskLists } from './pg-task-lists.ts';
import { ReadingPool } from './reading-pool.ts';
import { fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
beforeEach(async () => {
  f = await fixture();
});
afterEach(() => f[Symbol.asyncDispose]());

interface Seed {
  name?: string;
  queue?: string;
  state?: string;
  worker?: string;
  userId?: string | null;
  at?: number;
  finishedAt?: number;
  input?: string;
  result?: string | null;
}
const T0 = Date.UTC(2026, 10, 1);
const ENDED = new Set(['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED', 'DEAD']);

async function seed(seeds: Seed[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [i, of] of seeds.entries()) {
    const id = newId();
    const { state = 'SUCCESS', at = T0 + i * 1000 } = of;
    const finishedAt = ENDED.has(state) ? new Date(of.finishedAt ?? at + 500) : null;
    await f.db.query(
      `insert into tasks (id, name, queue, state, worker, user_id, input, result, created_at, finished_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        id,
        of.name ?? 'test.task',
        of.queue ?? 'default',
        state,
        of.worker ?? null,
        of.userId ?? null,
        of.input ?? '{"x":1}',
        of.result ?? null,
        new Date(at),
        finishedAt,
      ],
    );
    ids.push(id);
  }
  return ids;
}

const idsOf = async (filter: TaskFilter, limit = 50): Promise<string[]> =>
  (await f.store.lists.list(filter, { limit })).items.map(({ id }) => id);

test('live and ended tasks come newest first, page by page, each once', async () => {
  const states = ['SUCCESS', 'QUEUED', 'FAILURE', 'STARTED', 'DEAD', 'RETRY', 'EXPIRED', 'REVOKED', 'SUCCESS'];
  // Three of one moment, which the id then tells apart.
  const ids = await seed(states.map((state, i) => ({ state, at: T0 + Math.floor(i / 3) * 1000 })));
  const seen: string[] = [];
  let after: TaskPosition | undefined;
  for (let page = 0; page < 5; page += 1) {
    const { items, next, searchedTo } = await f.store.lists.list({}, { limit: 2, after });
    expect(searchedTo).toBeNull();
    seen.push(...items.map(({ id }) => id));
    expect(next === null).toBe(page === 4);
    after = next ?? undefined;
  }
  expect(seen).toEqual([...ids].reverse());
});

test.each<[string, TaskFilter, number[]]>([
  ['nothing', {}, [5, 4, 3, 2, 1, 0]],
  ['one ended state', { states: ['FAILURE'] }, [1]],
  ['one live state', { states: ['QUEUED'] }, [3]],
  ['states of both kinds', { states: ['QUEUED', 'FAILURE'] }, [3, 1]],
  ['a name', { name: 'a.a' }, [4, 3, 0]],
  ['a name and an ended state', { name: 'a.a', states: ['SUCCESS'] }, [4, 0]],
  ['a name and a rare state', { name: 'b.b', states: ['FAILURE'] }, [1]],
  ['the beginning of names', { namePrefix: 'b.' }, [5, 2, 1]],
  ['the beginning of names and states', { namePrefix: 'a', states: ['QUEUED', 'SUCCESS'] }, [4, 3, 0]],
  ['a beginning with signs of patterns', { namePrefix: 'a_' }, []],
  ['a queue', { queue: 'bulk' }, [5, 2]],
  ['a queue and a name', { queue: 'bulk', name: 'a.a' }, []],
  ['a worker', { worker: 'w1' }, [1, 0]],
  ['from a time of making on', { createdFrom: T0 + 4000 }, [5, 4]],
  ['up to a time of making', { createdTo: T0 + 1000 }, [0]],
  ['from a time of the end on', { finishedFrom: T0 + 60_000 }, [0]],
  ['up to a time of the end', { finishedTo: T0 + 2000 }, [1]],
  ['a live state that has ended', { states: ['QUEUED'], finishedFrom: T0 }, []],
  ['text of the input', { text: 'NEEDLE' }, [2]],
  ['text of the name', { text: 'b.B' }, [5, 2, 1]],
  ['text with signs of patterns', { text: '%' }, [5]],
  ['a backslash', { text: '\\' }, []],
])('filtered by %s', async (_, filter, expected) => {
  const ids = await seed([
    { name: 'a.a', worker: 'w1', finishedAt: T0 + 60_000 },
    { name: 'b.b', worker: 'w1', state: 'FAILURE' },
    { name: 'b.b', queue: 'bulk', input: '{"x":"a needle"}', finishedAt: T0 + 10_000 },
    { name: 'a.a', state: 'QUEUED' },
    { name: 'a.a', finishedAt: T0 + 10_000 },
    { name: 'b.b', queue: 'bulk', input: '{"x":"100%"}', finishedAt: T0 + 10_000 },
  ]);
  expect(await idsOf(filter)).toEqual(expected.map((i) => ids[i]));
});

test.each<['oldest' | 'ended', TaskFilter, number[]]>([
  ['oldest', {}, [0, 1, 2, 3, 4, 5]],
  ['oldest', { states: ['QUEUED', 'FAILURE'] }, [1, 3]],
  ['oldest', { name: 'a.a' }, [0, 3, 4]],
  ['oldest', { text: 'needle' }, [2]],
  ['oldest', { createdFrom: T0 + 1000, createdTo: T0 + 4000 }, [1, 2, 3]],
  ['ended', {}, [0, 5, 4, 2, 1]],
  ['ended', { states: ['FAILURE', 'QUEUED'] }, [1]],
  ['ended', { states: ['QUEUED'] }, []],
  ['ended', { name: 'b.b' }, [5, 2, 1]],
  ['ended', { namePrefix: 'a' }, [0, 4]],
  ['ended', { queue: 'bulk', text: '100%' }, [5]],
  ['ended', { createdFrom: T0 + 1000, createdTo: T0 + 5000 }, [4, 2, 1]],
  ['ended', { finishedFrom: T0 + 10_000, finishedTo: T0 + 60_000 }, [5, 4, 2]],
])('%s first, filtered by %j, page by page, each once', async (sort, filter, expected) => {
  const ids = await seed([
    { name: 'a.a', finishedAt: T0 + 60_000 },
    { name: 'b.b', state: 'FAILURE' },
    // Three that end in one moment, which the id then tells apart.
    { name: 'b.b', queue: 'bulk', input: '{"x":"a needle"}', finishedAt: T0 + 10_000 },
    { name: 'a.a', state: 'QUEUED' },
    { name: 'a.a', finishedAt: T0 + 10_000 },
    { name: 'b.b', queue: 'bulk', input: '{"x":"100%"}', finishedAt: T0 + 10_000 },
  ]);
  const seen: string[] = [];
  let after: TaskPosition | undefined;
  do {
    const page = await f.store.lists.list(filter, { limit: 2, after, sort });
    seen.push(...page.items.map(({ id }) => id));
    after = page.next ?? undefined;
  } while (after);
  expect(seen).toEqual(expected.map((i) => ids[i]));
});

test('picked by their ids, in any order of the list', async () => {
  const ids = await seed([{}, { state: 'QUEUED' }, {}, { state: 'FAILURE' }]);
  const picked = { ids: [ids[3]!, ids[1]!, ids[0]!, newId()] };
  expect(await idsOf(picked)).toEqual([ids[3], ids[1], ids[0]]);
  expect(await idsOf({ ...picked, states: ['SUCCESS'] })).toEqual([ids[0]]);
  const ended = await f.store.lists.list(picked, { limit: 9, sort: 'ended' });
  expect(ended.items.map(({ id }) => id)).toEqual([ids[3], ids[0]]);
});

test.each(['newest', 'oldest', 'ended'] as const)('%s: no plan sorts or reads more than its window', async (sort) => {
  await f.db.query(
    `insert into tasks (id, name, queue, state, input, created_at, finished_at)
     select gen_random_uuid(), 'test.task', 'default', case when n % 1000 = 0 then 'QUEUED' else 'SUCCESS' end, '{}',
       $1::timestamptz + n * interval '1 s', case when n % 1000 > 0 then $1::timestamptz + n * interval '2 s' end
     from generate_series(1, 60000) n`,
    [new Date(T0)],
  );
  await f.db.query('analyze tasks');
  const { page } = listQueries({}, { limit: 50, sort, after: { at: T0 + 30_000_000, id: newId() } });
  // With the settings of its connections.
  await using reading = closing(new ReadingPool({ url: f.db.url, log: silentLog }));
  const plan = await reading.pool.run<{ 'QUERY PLAN': string }>({ ...page, text: `explain (analyze) ${page.text}` });
  const text = plan.map((row) => row['QUERY PLAN']).join('\n');
  expect(text).not.toMatch(/Seq Scan|Sort Method: external/);
  expect(text).toMatch(/Index (Only )?Scan/);
  for (const [, rows] of text.matchAll(/Scan .*actual time=\S+ rows=(\d+)/g))
    expect(Number(rows)).toBeLessThanOrEqual(4_001);
});

test('a user’s tasks, and a whole id at once', async () => {
  const userId = newId();
  const ids = await seed([{ userId }, {}, { userId, state: 'QUEUED' }]);
  expect(await idsOf({ userId })).toEqual([ids[2], ids[0]]);
  expect(await idsOf({ text: ids[0]!.toUpperCase() })).toEqual([ids[0]]);
  expect(await idsOf({ text: ids[0]!, userId: newId() })).toEqual([]);
});

test('large fields are left out by name; a result of null is none of them', async () => {
  await seed([
    { input: JSON.stringify({ text: 'x'.repeat(20_000) }), result: 'null' },
    { input: JSON.stringify({ text: newId().repeat(300) }), result: '"kept"' },
    { result: '"kept"' },
  ]);
  const { items } = await f.store.lists.list({}, { limit: 10 });
  expect(items.map(({ omitted }) => omitted)).toEqual([[], ['input'], ['input']]);
  expect(items.map(({ input }) => input)).toEqual([{ x: 1 }, null, null]);
  expect(items.map(({ result }) => result)).toEqual(['kept', 'kept', null]);
});

/** Rows that no search of these tests finds, newer than `T0`. */
const seedTraffic = (rows: number) =>
  f.db.query(
    `insert into tasks (id, name, queue, state, created_at, finished_at)
     select gen_random_uuid(), 'n.n', 'q', case when i % 2 = 0 then 'SUCCESS' else 'QUEUED' end, $1::timestamptz + i * interval '1 ms',
       case when i % 2 = 0 then now() end from generate_series(1, ${rows}) i`,
    [new Date(T0)],
  );

test('names that begin so are found at once behind any number of others', async () => {
  const [first, second] = await seed([
    { name: 'rare.one', at: T0 - 2000 },
    { name: 'rare.two', at: T0 - 1000 },
  ]);
  await seedTraffic(10_000);
  await f.db.query("update tasks set state = 'SUCCESS', finished_at = now() where finished_at is null");
  await using searching = closing(new ReadingPool({ url: f.db.url, log: silentLog }, 'searches'));
  const lists = new PgTaskLists(searching.pool, searching.pool, { searchMs: 0 });
  const page = await lists.list({ namePrefix: 'rare.' }, { limit: 10 });
  expect(page.items.map(({ id }) => id)).toEqual([second, first]);
  expect(await lists.countsOf({ namePrefix: 'rare.' })).toMatchObject({ states: { SUCCESS: 2 }, countedFrom: null });
});

test('a search without time looks at one window for a page, says so, and goes on from there', async () => {
  const [oldest] = await seed([{ input: '{"x":"needle"}', at: T0 - 1000 }]);
  await seedTraffic(5000);
  await using searching = closing(new ReadingPool({ url: f.db.url, log: silentLog }, 'searches'));
  const lists = new PgTaskLists(searching.pool, searching.pool, { searchMs: 0 });
  const found: string[] = [];
  const searched: (number | null)[] = [];
  let after: TaskPosition | undefined;
  do {
    const page = await lists.list({ text: 'needle' }, { limit: 10, ...(after && { after }) });
    found.push(...page.items.map(({ id }) => id));
    searched.push(page.searchedTo);
    after = page.next ?? undefined;
  } while (after);
  expect(found).toEqual([oldest]);
  expect(searched).toEqual([T0 + 3001, T0 + 1001, null]);
});

test.each<[string, TaskFilter]>([
  ['a text', { text: 'needle' }],
  ['a field of the input', { fields: [{ path: 'x', value: 'needle' }] }],
  ['a worker', { worker: 'host-1' }],
])('a page of %s is full or the last, however much is newer', async (_what, filter) => {
  const old = { input: '{"x":"needle"}', worker: 'host-1' };
  const ids = await seed([5000, 4000, 3000, 2000, 1000].map((before) => ({ ...old, at: T0 - before })));
  await seedTraffic(30_000);
  const newest = ids.toReversed();
  const first = await f.store.lists.list(filter, { limit: 3 });
  expect(first.items.map(({ id }) => id)).toEqual(newest.slice(0, 3));
  expect(first).toMatchObject({ next: { id: newest[2] }, searchedTo: null });
  const last = await f.store.lists.list(filter, { limit: 3, after: first.next! });
  expect(last.items.map(({ id }) => id)).toEqual(newest.slice(3));
  expect(last).toMatchObject({ next: null, searchedTo: null });
});

test('a window that takes too long ends the page with what was found before, and the next page begins with it', async () => {
  await seedTraffic(5000);
  const [newest] = await seed([{ input: '{"x":"needle"}', at: T0 + 10_000 }]);
  const [older] = await seed([{ input: '{"x":"needle"}', at: T0 - 1000 }]);
  await using searching = closing(new ReadingPool({ url: f.db.url, log: silentLog }, 'searches'));
  let ends = 0;
  const slow = {
    together: (work) =>
      searching.pool.together((run) =>
        work((query) => {
          const isEnd = query.text.includes(' offset ');
          return run(isEnd && ++ends === 2 ? { text: 'select pg_sleep(60)', values: [] } : query);
        }),
      ),
  } as Pick<ReadingPool, 'together'> as ReadingPool;
  const lists = new PgTaskLists(slow, slow);
  const first = await lists.list({ text: 'needle' }, { limit: 10 });
  expect(first.items.map(({ id }) => id)).toEqual([newest]);
  expect(first.searchedTo).toBe(T0 + 3002);
  const last = await lists.list({ text: 'needle' }, { limit: 10, after: first.next! });
  expect(last.items.map(({ id }) => id)).toEqual([older]);
  expect(last.next).toBeNull();
});

test('counts name every state and are exact for what ended through the store', async () => {
  const queued = Array.from({ length: 3 }, () => newTask());
  await f.store.tasks.insertQueued(queued);
  await revokeOne(f.store.tasks, queued[0]!.id, { actor: null, reason: null });
  const { states, approximate } = await f.store.lists.counts();
  expect(approximate).toBe(false);
  expect(states).toEqual({
    ...{ PENDING: 0, SCHEDULED: 0, QUEUED: 2, STARTED: 0, PROGRESS: 0, RETRY: 0 },
    ...{ SUCCESS: 0, FAILURE: 0, REVOKED: 1, EXPIRED: 0, DEAD: 0 },
  });
});

test('more live tasks than are counted are estimated, and said to be', async () => {
  await f.db.query(
    `insert into tasks (id, name, queue, state) select gen_random_uuid(), 'n.n', 'q', case when i % 4 = 0 then 'SCHEDULED' else 'QUEUED' end from generate_series(1, 40000) i`,
  );
  await f.db.query('analyze tasks');
  const { states, approximate } = await f.store.lists.counts();
  expect(approximate).toBe(true);
  expect(states.QUEUED + states.SCHEDULED).toBeGreaterThan(36_000);
  expect(states.QUEUED + states.SCHEDULED).toBeLessThan(44_000);
});

test('all tasks of a filter are counted, beyond any window; or as many as the time allows', async () => {
  await f.db.query(
    `insert into tasks (id, name, queue, state, created_at, finished_at)
     select gen_random_uuid(), 'n.n', 'q', case when i % 4 = 0 then 'FAILURE' else 'SUCCESS' end, now() - i * interval '1 ms', now()
     from generate_series(1, 21000) i`,
  );
  const { lists } = f.store;
  expect(await lists.countAll({ name: 'n.n' }, { timeMs: 60_000 })).toEqual({
    states: { FAILURE: 5250, SUCCESS: 15750 },
    complete: true,
  });
  const failed = await lists.countAll({ name: 'n.n', states: ['FAILURE'] }, { timeMs: 60_000 });
  expect(failed).toEqual({ states: { FAILURE: 5250 }, complete: true });
  const some = await lists.countAll({ name: 'n.n', text: 'n.n' }, { timeMs: 0 });
  expect(some.complete).toBe(false);
  expect((some.states.FAILURE ?? 0) + (some.states.SUCCESS ?? 0)).toBe(2000);
});

test('attempts that were not the last, in order', async () => {
  const worker = await f.worker();
  const [id] = await seed([{ state: 'QUEUED' }]);
  const insert = `insert into attempts (task_id, worker, claim_no, outcome, error, started_at, ended_at) values ($1, $2, $3, $4, $5, $6, $7)`;
  await f.db.query(insert, [id, newId(), 2, 'LOST', null, null, new Date(T0 + 2000)]);
  await f.db.query(insert, [
    id,
    worker.id,
    1,
    'RETRY',
    '{"type":"E","message":"m"}',
    new Date(T0),
    new Date(T0 + 1000),
  ]);
  expect(await f.store.lists.attempts(id!)).toEqual([
    { outcome: 'RETRY', worker: worker.name, error: { type: 'E', message: 'm' }, startedAt: T0, endedAt: T0 + 1000 },
    { outcome: 'LOST', worker: null, error: null, startedAt: null, endedAt: T0 + 2000 },
  ]);
});

test('a claim stays an update within its page', async () => {
  const worker = await f.worker();
  const tasks = Array.from({ length: 50 }, () => newTask());
  await f.store.tasks.insertQueued(tasks);
  const claims = tasks.map((task, i) => ({ task, generation: 0, claimNo: i, hadRow: true }));
  await f.store.tasks.claim(worker, claims, { durable: true });
  await f.store.close();
  // A session tells what it has counted when it ends.
  await eventually(async () => {
    const [row] = await f.db.query<{ hot: number; all: number }>(
      `select pg_stat_get_tuples_hot_updated(oid)::int as hot, pg_stat_get_tuples_updated(oid)::int as all from pg_class where relname = 'tasks'`,
    );
    expect(row).toEqual({ hot: 50, all: 50 });
    return true;
  });
});

test('searches for a text wait for one another, lists do not wait for them', async () => {
  await using searching = closing(new ReadingPool({ url: f.db.url, log: silentLog }, 'searches', 1));
  await using reading = closing(new ReadingPool({ url: f.db.url, log: silentLog }));
  const lists = new PgTaskLists(reading.pool, searching.pool);
  const gate = deferred<void>();
  const busy = searching.pool.together(() => gate.promise);
  let found = false;
  const search = lists.list({ text: 'x' }, { limit: 1 }).then(() => (found = true));
  for (let n = 0; n < 10; n += 1) await lists.list({}, { limit: 1 });
  expect(found).toBe(false);
  gate.resolve();
  await Promise.all([busy, search]);
});

const closing = (pool: ReadingPool) => ({ pool, [Symbol.asyncDispose]: () => pool.close() });
