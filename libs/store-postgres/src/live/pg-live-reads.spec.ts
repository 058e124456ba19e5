import { newId } from '@lovage/foundation';
import type { TaskFilter } from '@lovage/ports';
import { fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
const user = newId();
const group = newId();
const tasks = Array.from({ length: 8 }, (_, n) =>
  newTask({
    name: n % 2 === 0 ? 'a.even' : 'a.odd',
    queue: n < 4 ? 'low' : 'high',
    input: JSON.stringify({ n, to: n === 5 ? 'needle@x' : 'y' }),
    userId: n === 1 ? user : null,
  }),
);
const ids = tasks.map(({ id }) => id);
beforeAll(async () => {
  f = await fixture();
  await f.store.tasks.insertFirstMany(tasks.map((task) => ({ task, delayMs: 0 })));
  await f.db.query(`update tasks set parent_id = $1, root_id = $1 where id = $2`, [ids[0], ids[1]]);
  await f.db.query(`update tasks set retried_from = $1 where id = $2`, [ids[0], ids[2]]);
  await f.db.query(
    `update tasks set state = 'FAILURE', worker = 'w1', error = '{"type":"E"}', started_at = now(), finished_at = now() where id = $1`,
    [ids[3]],
  );
  await f.db.query(`update tasks set created_at = now() - interval '1 day' where id = $1`, [ids[4]]);
});
afterAll(() => f[Symbol.asyncDispose]());

const DAY_MS = 86_400_000;
test.each<[TaskFilter]>([
  [{}],
  [{ states: ['FAILURE'] }],
  [{ states: ['FAILURE', 'PENDING', 'QUEUED'], name: 'a.odd' }],
  [{ name: 'a.even', queue: 'low' }],
  [{ worker: 'w1' }],
  [{ userId: user }],
  [{ parentId: ids[0]! }],
  [{ rootId: ids[0]! }],
  [{ retriedFrom: ids[0]! }],
  [{ failureGroup: group }],
  [{ tags: ['none'] }],
  [{ fields: [{ path: 'n', value: '6' }] }],
  [{ text: 'needle' }],
  [{ text: ids[6]! }],
  [{ createdFrom: Date.now() - DAY_MS / 2 }],
  [{ createdTo: Date.now() - DAY_MS / 2 }],
  [{ finishedFrom: Date.now() - DAY_MS }],
  [{ finishedTo: Date.now() - DAY_MS }],
])('of %j the same tasks are watched and fit as are listed', async (filter) => {
  const { items } = await f.store.lists.list(filter, { limit: 50 });
  const listed = items.map(({ id }) => id);
  expect((await f.store.live.newest(filter, 50)).map(({ id }) => id)).toEqual(listed);
  const fits = await f.store.live.fits(filter, [...ids, newId()]);
  expect(fits).toHaveLength(ids.length);
  // A whole id is found by its range alone.
  if (filter.text === undefined || filter.text === 'needle')
    expect(new Set(fits.filter((one) => one.fits).map(({ id }) => id))).toEqual(new Set(listed));
  expect((await f.store.live.newest(filter, 1)).map(({ id }) => id)).toEqual(listed.slice(0, 1));
});

test('rates are those of the last five seconds, of a busier time of its newest tasks', async () => {
  await f.db.query('truncate tasks cascade');
  expect(await f.store.live.throughput()).toEqual({ seconds: 5, started: 0, ended: {} });
  // An hour long, so that no pause of the test moves them out of sight.
  const ended = (n: number, state: string) =>
    f.db.query(
      `insert into tasks (id, name, queue, state, started_at, finished_at)
       select gen_random_uuid(), 'a', 'q', $2, now() + interval '1 h', now() + interval '1 h' from generate_series(1, $1::int)`,
      [n, state],
    );
  await ended(20, 'SUCCESS');
  await ended(5, 'FAILURE');
  await f.db.query(
    `insert into tasks (id, name, queue, state, claim_worker, claim_no, started_at)
     values (gen_random_uuid(), 'a', 'q', 'STARTED', gen_random_uuid(), 1, now() + interval '1 h')`,
  );
  expect(await f.store.live.throughput()).toEqual({
    ...{ seconds: 5, started: 26 / 5, ended: { SUCCESS: 4, FAILURE: 1 } },
  });
  await f.db.query(`update tasks set started_at = now() - interval '1 day' where state = 'SUCCESS'`);
  expect((await f.store.live.throughput()).started).toBeCloseTo(6 / 5, 9);
  await ended(5_000, 'SUCCESS');
  const { seconds, ended: rates } = await f.store.live.throughput();
  expect(seconds).toBeLessThan(5);
  expect((rates.SUCCESS! + (rates.FAILURE ?? 0)) * seconds).toBeCloseTo(5_000, 3);
});
