import { newId } from '@lovage/foundation';
import { eventually } from '@lovage/testing';
import { fixture, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
beforeEach(async () => {
  f = await fixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const DAY_MS = 86_400_000;

async function task(
  options: { state?: string; message?: object; wireId?: string; agoMs?: number } = {},
): Promise<string> {
  const { state = 'SUCCESS', message, wireId, agoMs = 3000 } = options;
  const [id, over] = [newId(), ['SUCCESS', 'FAILURE', 'EXPIRED'].includes(state)];
  await f.db.query(
    `insert into tasks (id, wire_id, name, queue, state, message, result, finished_at)
     values ($1, $2, 'a.b', 'q', $3, $4, $5, case when $6 then now() - $7::float8 * interval '1 ms' end)`,
    [id, wireId ?? null, state, message ? JSON.stringify(message) : null, over ? '7' : null, over, agoMs],
  );
  return id;
}

/** The cursor begins with the first look; here far back, so that ends need not be waited for. */
async function begun(): Promise<void> {
  await f.store.celery.ended(10, DAY_MS);
  await f.db.query("update celery_cursor set finished_at = now() - interval '2 days'");
}

test('gives ended tasks once, in the order of their ends, without those of Celery’s workers; those whose result is ignored where something follows them', async () => {
  await begun();
  const second = await task({ agoMs: 4000, wireId: 'mine' });
  const first = await task({ agoMs: 5000, message: { group: 'g' } });
  await task({ message: { foreign: 'celery' } });
  // Else Celery's backend would be given results that its own tasks keep to themselves.
  await task({ message: { observed: 'celery' } });
  await task({ message: { ignoreResult: true } });
  const link = { callbacks: [{ task: 'a.b' }], chord: null };
  const failed = await task({ state: 'FAILURE', message: { ignoreResult: true, embed: link }, agoMs: 6000 });
  await task({ message: { ignoreResult: true, embed: link } });
  await task({ state: 'QUEUED' });
  await task({ agoMs: DAY_MS + 1000 });
  const all = await eventually(async () => {
    const ended = await f.store.celery.ended(10, DAY_MS);
    return ended && ended.tasks.length === 3 ? ended : undefined;
  });
  expect(all).toMatchObject({
    more: false,
    tasks: [
      { id: failed, wireId: failed, result: false, canvas: true },
      { id: first, wireId: first, result: true, canvas: false },
      { id: second, wireId: 'mine', result: true, canvas: false },
    ],
  });
  expect(await f.store.celery.ends([first])).toEqual([
    {
      ...{ id: first, wireId: first, state: 'SUCCESS', result: '7', error: null, groupId: 'g', parentId: null },
      endedAt: expect.any(Number) as number,
    },
  ]);
  expect(await f.store.celery.canvasEnds([failed])).toEqual([
    {
      owner: {
        ...{ id: failed, name: 'a.b', queue: 'q', rootId: null, group: null, groupIndex: null, kwargs: {} },
        ...{ embed: link, headers: undefined },
      },
      end: { state: 'FAILURE', result: '7', error: null },
    },
  ]);
  await f.store.celery.passed(all as never);
  expect(await f.store.celery.ended(10, DAY_MS)).toBeUndefined();
  // Who comes late with what was passed already changes nothing.
  await f.store.celery.passed(all as never);
});

test('tells which foreign tasks are open', async () => {
  const open = await task({ state: 'RETRY', message: { foreign: 'celery' } });
  await task({ message: { foreign: 'celery' } });
  await task({ state: 'QUEUED' });
  expect(await f.store.celery.openForeign(10)).toEqual([{ taskId: open, state: 'RETRY' }]);
});

test('a retry that may be told twice counts once', async () => {
  const id = await task({ state: 'STARTED', message: { foreign: 'celery' } });
  const report = { taskId: id, state: 'RETRY' as const, value: null, error: null, worker: null, repeats: true };
  await f.store.foreign.report([report, report]);
  await f.store.foreign.report([report]);
  expect(await f.store.tasks.get(id)).toMatchObject({ state: 'RETRY', retries: 1 });
  await f.store.foreign.report([{ ...report, repeats: false }]);
  expect(await f.store.tasks.get(id)).toMatchObject({ retries: 2 });
});
