import type { NewTask, PrunedTasks, RetentionRules } from '@lovage/ports';
import type { CompiledRetention, TerminalState } from '@lovage/task';
import { pruneTasks } from '../sql/retention.ts';
import { fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const HOUR = 3600_000;
const DAY = 24 * HOUR;

/** Rules: all states are kept so long, save those given. */
function rules(
  allMs: number,
  byState: CompiledRetention = {},
  byName: Readonly<Record<string, CompiledRetention>> = {},
): RetentionRules {
  return {
    byState: { SUCCESS: allMs, FAILURE: allMs, REVOKED: allMs, EXPIRED: allMs, DEAD: allMs, ...byState },
    byName: new Map(Object.entries(byName)),
  };
}

interface Ended {
  readonly hoursAgo: number;
  readonly state?: TerminalState;
  readonly name?: string;
}

/** Tasks that have ended. */
async function ended(f: StoreFixture, ...all: Ended[]): Promise<NewTask[]> {
  const tasks = all.map(({ name }) => newTask(name === undefined ? {} : { name }));
  await f.store.tasks.insertQueued(tasks);
  for (const [i, { hoursAgo, state = 'SUCCESS' }] of all.entries())
    await f.db.query(
      "update tasks set state = $3, finished_at = now() - $2::float8 * interval '1 hour' where id = $1",
      [tasks[i]!.id, hoursAgo, state],
    );
  return tasks;
}

/** So many tasks of one name, a minute apart, the youngest so many hours old. */
async function backlog(f: StoreFixture, count: number, hoursAgo: number, { state = 'SUCCESS', name = 'a.b' } = {}) {
  await f.db.query(
    `insert into tasks (id, name, queue, state, finished_at)
      select gen_random_uuid(), $3, 'default', $4, now() - $2::float8 * interval '1 hour' - n * interval '1 min' from generate_series(1, $1::int) as n`,
    [count, hoursAgo, name, state],
  );
}

const left = async (f: StoreFixture) => (await f.db.query<{ id: string }>('select id from tasks')).map(({ id }) => id);
const count = async (f: StoreFixture, table: string) =>
  (await f.db.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]!.n;

/** All batches of a run. */
async function prune(f: StoreFixture, by: RetentionRules, limit = 10): Promise<PrunedTasks[]> {
  const batches: PrunedTasks[] = [];
  for await (const batch of f.store.retention.pruneTasks(by, { limit })) batches.push(batch);
  return batches;
}
const sum = (batches: readonly PrunedTasks[]) => batches.reduce((all, { tasks }) => all + tasks, 0);

describe('retention', () => {
  test('deletes the oldest first, batch by batch, and nothing younger or unfinished', async () => {
    await using f = await fixture();
    const [young, , old] = await ended(f, { hoursAgo: 1 }, { hoursAgo: 30 }, { hoursAgo: 25 });
    const waiting = newTask();
    await f.store.tasks.insertQueued([waiting]);
    await f.db.query("update tasks set created_at = now() - interval '9 days' where id = $1", [waiting.id]);
    const run = f.store.retention.pruneTasks(rules(DAY), { limit: 1 });
    expect((await run.next()).value).toEqual({ tasks: 1, attempts: 0 });
    expect((await left(f)).sort()).toEqual([young!.id, old!.id, waiting.id].sort());
    expect((await run.next()).value).toEqual({ tasks: 1, attempts: 0 });
    expect((await run.next()).value).toEqual({ tasks: 0, attempts: 0 });
    expect((await run.next()).done).toBe(true);
    expect((await left(f)).sort()).toEqual([young!.id, waiting.id].sort());
  });

  test('with a task goes all that belongs to it, and nothing of others', async () => {
    await using f = await fixture();
    const [young, old] = await ended(f, { hoursAgo: 1 }, { hoursAgo: 30 });
    for (const { id } of [old!, young!]) {
      await f.db.query("insert into attempts (task_id, worker, claim_no, outcome) values ($1, $1, 1, 'RETRY')", [id]);
      await f.db.query("insert into steps (task_id, key, value) values ($1, 'k', '1')", [id]);
      await f.db.query('insert into outbox (task_id, turn, due_at) values ($1, 1, now())', [id]);
      await f.db.query(
        "insert into keys (scope, key, task_id, fingerprint, expires_at) values ('s', 'k' || $1::text, $1::uuid, '', now() + interval '1 h')",
        [id],
      );
      await f.db.query(
        "insert into task_logs (task_id, no, attempt, at, level, message) values ($1, 1, 1, now(), 'info', 'm')",
        [id],
      );
    }
    expect(await prune(f, rules(DAY))).toEqual([{ tasks: 1, attempts: 1 }]);
    for (const table of ['attempts', 'steps', 'outbox', 'keys', 'task_logs'])
      expect([table, await f.db.query(`select task_id from ${table}`)]).toEqual([table, [{ task_id: young!.id }]]);
  });

  test.each(['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED', 'DEAD'] as const)(
    'keeps what ended %s as long as the rule of that state says, and others by theirs',
    async (state) => {
      await using f = await fixture();
      const other = state === 'SUCCESS' ? 'FAILURE' : 'SUCCESS';
      const [gone, young, others] = await ended(
        f,
        { hoursAgo: 3, state },
        { hoursAgo: 1, state },
        { hoursAgo: 3, state: other },
      );
      await prune(f, rules(DAY, { [state]: 2 * HOUR }));
      expect(await left(f)).not.toContain(gone!.id);
      expect((await left(f)).sort()).toEqual([young!.id, others!.id].sort());
      await prune(f, rules(HOUR / 2, { [state]: Infinity }));
      expect(await left(f)).toEqual([young!.id]);
    },
  );

  test('the rule of a contract wins in the states that it names; other names, known or not, follow the settings', async () => {
    await using f = await fixture();
    const own = { 'my.short': { SUCCESS: HOUR, DEAD: Infinity }, 'my.long': { SUCCESS: 10 * DAY } };
    const kept = await ended(
      f,
      { name: 'my.short', hoursAgo: 0.5 },
      { name: 'my.short', hoursAgo: 900, state: 'DEAD' },
      { name: 'my.short', hoursAgo: 20, state: 'FAILURE' },
      { name: 'my.long', hoursAgo: 9 * 24 },
      { name: 'foreign', hoursAgo: 20 },
      { name: '', hoursAgo: 20 },
    );
    await ended(
      f,
      { name: 'my.short', hoursAgo: 2 },
      { name: 'my.short', hoursAgo: 30, state: 'FAILURE' },
      { name: 'my.long', hoursAgo: 11 * 24 },
      { name: 'foreign', hoursAgo: 30 },
      { name: '', hoursAgo: 30 },
      { name: 'toString', hoursAgo: 30 },
    );
    await prune(f, rules(DAY, {}, own));
    expect((await left(f)).sort()).toEqual(kept.map(({ id }) => id).sort());
  });

  test('a backlog goes in batches that look at no more than the limit; who stops is followed by one that goes on', async () => {
    await using f = await fixture();
    await backlog(f, 250, 48, { state: 'DEAD' });
    await backlog(f, 250, 48);
    const by = rules(DAY, { DEAD: Infinity });
    const first: PrunedTasks[] = [];
    for await (const batch of f.store.retention.pruneTasks(by, { limit: 100 })) {
      first.push(batch);
      if (first.length === 2) break;
    }
    // Two kinds lie between each other, and one is kept.
    expect(first).toEqual([
      { tasks: 50, attempts: 0 },
      { tasks: 50, attempts: 0 },
    ]);
    const rest = await prune(f, by, 100);
    expect(sum(rest)).toBe(150);
    // Of the hour before the cursor sixty are looked at again.
    expect(rest).toHaveLength(4);
    expect(await count(f, 'tasks')).toBe(250);
  });

  test('what was kept is not looked at again by later runs, until the rules change', async () => {
    await using f = await fixture();
    await backlog(f, 1000, 48, { state: 'FAILURE' });
    const by = rules(30 * DAY, { SUCCESS: DAY });
    // The walk of the day passes over the failures once; a later one looks at the last hour of them again, which holds none.
    expect(await prune(f, by, 100)).toHaveLength(11 + 1);
    await backlog(f, 5, 30);
    expect(await prune(f, by, 100)).toEqual([
      { tasks: 5, attempts: 0 },
      { tasks: 0, attempts: 0 },
    ]);
    const changed = rules(DAY);
    expect(sum(await prune(f, changed, 100))).toBe(1000);
  });

  test('a task whose end was committed late, before the cursor, is met by the next run', async () => {
    await using f = await fixture();
    await ended(f, { hoursAgo: 25 });
    expect(sum(await prune(f, rules(DAY)))).toBe(1);
    await ended(f, { hoursAgo: 25.9 });
    expect(sum(await prune(f, rules(DAY)))).toBe(1);
  });

  test('by three at once deletes each once', async () => {
    await using f = await fixture();
    await backlog(f, 400, 30);
    const by = rules(HOUR);
    const results = await Promise.all([prune(f, by, 20), prune(f, by, 20), prune(f, by, 20)]);
    expect(sum([...results.flat(), ...(await prune(f, by))])).toBe(400);
    expect(await count(f, 'tasks')).toBe(0);
  });

  test('walks the index of ends from the cursor on, and finds keys by their task', async () => {
    await using f = await fixture();
    await backlog(f, 20_000, 0);
    await f.db.query(`insert into keys (scope, key, task_id, fingerprint, expires_at)
      select 's', id::text, id, '', now() + interval '1 h' from tasks limit 5000`);
    await f.db.query('analyze tasks');
    await f.db.query('analyze keys');
    const { name, text } = pruneTasks(1000);
    // As the store's connections have it.
    for (const setting of ['enable_seqscan = off', 'enable_hashjoin = off', 'enable_mergejoin = off'])
      await f.db.query(`alter database ${f.db.name} set ${setting}`);
    const plan = (
      await f.db.query<{ 'QUERY PLAN': string }>(`explain ${text}`, [
        1000,
        '-infinity',
        '00000000-0000-0000-0000-000000000000',
        '{"": {}}',
      ])
    )
      .map((line) => line['QUERY PLAN'])
      .join('\n');
    expect(plan).toMatch(
      /CTE seen\s+->\s+Limit .*\n\s+->\s+Index Scan using tasks_finished_idx .*\n\s+Index Cond: \(\(ROW\(finished_at, id\) > ROW/,
    );
    expect(plan).toContain('keys_task_id_idx');
    expect(plan).not.toMatch(/Bitmap|Seq Scan on (tasks|keys)/);
    expect(name).toContain('1000');
  });

  test('deletes firings of every schedule by age, and schedules long removed once nothing is left of them', async () => {
    await using f = await fixture();
    for (const [name, removed] of [
      ['live', null],
      ['gone', '2 days'],
      ['lately', '1 hour'],
    ])
      await f.db.query(
        "insert into schedules (name, definition, timing, decided_until, removed_at) values ($1, '{}', '', now(), now() - $2::interval)",
        [name, removed],
      );
    await f.db.query(`insert into firings (schedule, due_at, task_id)
      select name, now() - n * interval '10 hours', gen_random_uuid() from schedules, generate_series(1, 5) as n`);
    const prune = (limit: number) => f.store.retention.pruneFirings({ olderThanMs: 24 * HOUR, limit });
    expect(await prune(4)).toBe(4);
    expect(await prune(100)).toBe(5);
    expect(await f.db.query('select count(*)::int as n from firings')).toEqual([{ n: 6 }]);
    expect(await f.db.query('select name from schedules order by name')).toEqual([
      { name: 'gone' },
      { name: 'lately' },
      { name: 'live' },
    ]);
    await f.db.query("delete from firings where schedule = 'gone'");
    expect(await prune(100)).toBe(0);
    expect(await f.db.query('select name from schedules order by name')).toEqual([
      { name: 'lately' },
      { name: 'live' },
    ]);
  });
});
