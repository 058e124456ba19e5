import { ROW_COLUMNS } from '../sql/read-task.ts';
import { fixture, newTask } from '../testing/fixture.ts';

test('every column is read but those that Postgres makes itself', async () => {
  await using f = await fixture();
  const columns = await f.db.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = 'tasks'::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
  );
  expect(columns.map(({ name }) => name).sort()).toEqual([...ROW_COLUMNS, 'result'].sort());
});

test('a result of an older release that is too large is not fetched: the row tells its size', async () => {
  await using f = await fixture();
  const [large, whole] = [newTask(), newTask()];
  await f.store.tasks.insertQueued([large, whole]);
  const end = `update tasks set state = 'SUCCESS', finished_at = now(), result = to_json(repeat('"', $2)) where id = $1`;
  await f.db.query(end, [large.id, 40 * 1024 * 1024]);
  await f.db.query(end, [whole.id, 1024]);
  const row = await f.store.tasks.get(large.id);
  expect(row).toMatchObject({ state: 'SUCCESS', result: null, error: { type: 'ResultTooLarge' } });
  expect(row!.error!.message).toContain(String(2 * 40 * 1024 * 1024 + 2));
  const rows = await f.store.tasks.getMany([large.id, whole.id]);
  expect(rows.find(({ id }) => id === whole.id)).toMatchObject({ result: '"'.repeat(1024), error: null });
  expect((await f.store.tasks.finished([large.id]))[0]).toMatchObject({ result: null });
});
