import type { NewTask } from '@lovage/ports';
import { pruneTasks } from '../sql/retention.ts';
import { fixture, newTask, type Fixture } from '../testing/fixture.ts';

const HOUR = 3600_000;

/** Tasks that ended so many hours ago. */
async function ended(f: Fixture, ...hours: number[]): Promise<NewTask[]> {
  const tasks = hours.map(() => newTask());
  await f.store.tasks.insertQueued(tasks);
  for (const [i, task] of tasks.entries())
    await f.db.query(
      "update tasks set state = 'SUCCESS', finished_at = now() - $2::float8 * interval '1 hour' where id = $1",
      [task.id, hours[i]],
    );
  return tasks;
}

const left = async (f: Fixture) => (await f.db.query<{ id: string }>('select id from tasks')).map(({ id }) => id);

describe('retention', () => {
  test('deletes the oldest first, with their attempts, and nothing younger or unfinished', async () => {
    await using f = await fixture();
    const [young, oldest, old] = await ended(f, 1, 30, 25);
    const [waiting] = [newTask()];
    await f.store.tasks.insertQueued([waiting]);
    await f.db.query("update tasks set created_at = now() - interval '9 days' where id = $1", [waiting.id]);
    for (const task of [oldest!, young!])
      await f.db.query("insert into attempts (task_id, worker, claim_no, outcome) values ($1, $1, 1, 'RETRY')", [
        task.id,
      ]);
    const day = { olderThanMs: 24 * HOUR };
    expect(await f.store.retention.pruneTasks({ ...day, limit: 1 })).toEqual({ tasks: 1, attempts: 1 });
    expect(await left(f)).not.toContain(oldest!.id);
    expect(await f.store.retention.pruneTasks({ ...day, limit: 10 })).toEqual({ tasks: 1, attempts: 0 });
    expect(await left(f)).not.toContain(old!.id);
    expect(await f.store.retention.pruneTasks({ ...day, limit: 10 })).toEqual({ tasks: 0, attempts: 0 });
    expect((await left(f)).sort()).toEqual([young!.id, waiting.id].sort());
    expect(await f.db.query('select task_id from attempts')).toEqual([{ task_id: young!.id }]);
  });

  test('by two at once deletes each once', async () => {
    await using f = await fixture();
    await ended(f, ...Array.from({ length: 40 }, () => 30));
    const prune = () => f.store.retention.pruneTasks({ olderThanMs: HOUR, limit: 20 });
    const results = await Promise.all([prune(), prune(), prune()]);
    const rest = await prune();
    expect([...results, rest].reduce((sum, { tasks }) => sum + tasks, 0)).toBe(40);
  });

  test('walks the index of ends for a batch, and sorts nothing', async () => {
    await using f = await fixture();
    await f.db.query(`insert into tasks (id, name, queue, state, finished_at)
      select gen_random_uuid(), 'a.b', 'default', 'SUCCESS', now() - n * interval '1 s' from generate_series(1, 20000) as n`);
    await f.db.query('analyze tasks');
    const { name, text } = pruneTasks(1000);
    await f.db.query(`alter database ${f.db.name} set plan_cache_mode = force_generic_plan`);
    const plan = JSON.stringify(await f.db.query(`explain ${text}`, [1000]));
    expect(plan).toContain('Index Scan using tasks_finished_idx');
    expect(plan).not.toMatch(/Sort|Bitmap/);
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
