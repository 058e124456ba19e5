import { newId } from '@lovage/foundation';
import type { NewTask, TaskFilter } from '@lovage/ports';
import type { TaskExtra } from '@lovage/task';
import { revokeOne, insertOne } from '@lovage/testing';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
beforeEach(async () => {
  f = await fixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const tagged = (tags: string[], overrides: Partial<NewTask> = {}): NewTask =>
  newTask({ extra: JSON.stringify({ tags } satisfies TaskExtra), ...overrides });
const idsOf = async (filter: TaskFilter): Promise<Set<string>> =>
  new Set((await f.store.lists.list(filter, { limit: 50 })).items.map(({ id }) => id));
const tagRows = () => f.db.query<{ tag: string; task_id: string }>('select tag, task_id from task_tags order by tag');

test('however the row comes to be, its tags are written with it, once', async () => {
  const worker = await f.worker();
  const [queued, first, claimed, final] = [tagged(['a']), tagged(['a']), tagged(['a']), tagged(['a'])];
  await f.store.tasks.insertQueued([queued!]);
  await f.store.tasks.insertQueued([queued!]);
  await insertOne(f.store.tasks, first!, { delayMs: 0, leaseMs: 0 });
  await f.store.tasks.claim(worker, [claimOf(claimed!), claimOf(queued!)], { durable: false });
  const end = { state: 'SUCCESS', retries: 0, worker: 'w', result: '1', error: null, startedAt: 0 } as const;
  await f.store.tasks.recordFinal([{ task: final!, ...end }]);
  const all = [queued, first, claimed, final].map((task) => task!.id);
  expect(await idsOf({ tags: ['a'] })).toEqual(new Set(all));
  expect(await tagRows()).toHaveLength(4);
  expect((await f.store.tasks.get(queued!.id))?.extra).toEqual({ tags: ['a'] });
});

test('all tags of a filter must be there, with whatever else is asked for', async () => {
  const [one, both] = [tagged(['tenant:acme']), tagged(['tenant:acme', 'nightly'], { queue: 'q2' })];
  await f.store.tasks.insertQueued([one, both, tagged(['nightly']), newTask()]);
  expect(await idsOf({ tags: ['tenant:acme'] })).toEqual(new Set([one.id, both.id]));
  expect(await idsOf({ tags: ['tenant:acme', 'nightly'] })).toEqual(new Set([both.id]));
  expect(await idsOf({ tags: ['tenant:acme'], queue: 'q2', states: ['QUEUED'] })).toEqual(new Set([both.id]));
  expect(await idsOf({ tags: ['tenant:acme'], states: ['SUCCESS'] })).toEqual(new Set());
  expect(await idsOf({ tags: ['tenant'] })).toEqual(new Set());
});

test('tags go with their task', async () => {
  const [gone, kept] = [tagged(['a', 'b']), tagged(['a'])];
  await f.store.tasks.insertQueued([gone, kept]);
  await f.db.query('delete from tasks where id = $1', [gone.id]);
  expect(await tagRows()).toEqual([{ tag: 'a', task_id: kept.id }]);
  await f.db.query('truncate tasks');
  expect(await tagRows()).toEqual([]);
});

test('families: children, descendants with their root, and what runs a task again', async () => {
  const root = newTask();
  const child = newTask({ parentId: root.id, rootId: root.id });
  const grandchild = newTask({ parentId: child.id, rootId: root.id });
  const again = newTask({ retriedFrom: child.id });
  await f.store.tasks.insertQueued([{ ...root, rootId: root.id }, child, grandchild, again, newTask()]);
  expect(await idsOf({ parentId: root.id })).toEqual(new Set([child.id]));
  expect(await idsOf({ rootId: root.id })).toEqual(new Set([root.id, child.id, grandchild.id]));
  expect(await idsOf({ retriedFrom: child.id })).toEqual(new Set([again.id]));
  expect(await idsOf({ retriedFrom: child.id, parentId: root.id })).toEqual(new Set());
  expect(await idsOf({ rootId: root.id, parentId: child.id })).toEqual(new Set([grandchild.id]));
});

test('page by page, each once, also where many are of one moment', async () => {
  const tasks = Array.from({ length: 7 }, () => tagged(['a'], { parentId: newId() }));
  await f.store.tasks.insertQueued(tasks);
  const seen: string[] = [];
  let after: Parameters<typeof f.store.lists.list>[1]['after'];
  do {
    const page = await f.store.lists.list({ tags: ['a'] }, { limit: 3, ...(after && { after }) });
    seen.push(...page.items.map(({ id }) => id));
    after = page.next ?? undefined;
  } while (after);
  expect(seen).toHaveLength(7);
  expect(new Set(seen)).toEqual(new Set(tasks.map(({ id }) => id)));
});

test('fields of the input', async () => {
  const inputs = [
    '{"tenant":"acme","n":17,"of":{"id":"x"}}',
    '{"tenant":"other","n":true}',
    '{"tenant":"acme","dark":"\\u0000"}',
    '[1,{"n":3}]',
  ];
  const tasks = inputs.map((input) => newTask({ input }));
  await f.store.tasks.insertQueued([...tasks, newTask({ input: null })]);
  const found = async (path: string, value: string) => {
    const ids = await idsOf({ fields: [{ path, value }] });
    return tasks.flatMap(({ id }, i) => (ids.has(id) ? [i] : []));
  };
  expect(await found('tenant', 'acme')).toEqual([0]);
  expect(await found('n', '17')).toEqual([0]);
  expect(await found('n', 'true')).toEqual([1]);
  expect(await found('of.id', 'x')).toEqual([0]);
  expect(await found('1.n', '3')).toEqual([3]);
  expect(await found('nothing', '')).toEqual([]);
});

test('counts of a filter', async () => {
  const parentId = newId();
  const children = Array.from({ length: 3 }, () => newTask({ parentId }));
  await f.store.tasks.insertQueued([...children, newTask()]);
  await revokeOne(f.store.tasks, children[0]!.id, { actor: null, reason: null });
  const { states, countedFrom } = await f.store.lists.countsOf({ parentId });
  expect([states.QUEUED, states.REVOKED, states.SUCCESS, countedFrom]).toEqual([2, 1, 0, null]);
  expect((await f.store.lists.countsOf({ parentId, states: ['REVOKED'] })).states.QUEUED).toBe(0);
});

test('of very many the newest are counted, and where that ends is told', async () => {
  const parentId = newId();
  await f.db.query(
    `insert into tasks (id, name, queue, state, parent_id, created_at)
     select gen_random_uuid(), 'test.task', 'q', 'QUEUED', $1, '2026-11-01T00:00:00Z'::timestamptz + n * interval '1 s'
     from generate_series(1, 10500) n`,
    [parentId],
  );
  const { states, countedFrom } = await f.store.lists.countsOf({ parentId });
  expect([states.QUEUED, countedFrom]).toEqual([10_000, Date.UTC(2026, 10, 1) + 501_000]);
});
