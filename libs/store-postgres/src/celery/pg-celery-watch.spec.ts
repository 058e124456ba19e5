import { newId } from '@lovage/foundation';
import type { ObservedTask } from '@lovage/ports';
import { fixture, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
beforeEach(async () => {
  f = await fixture();
});
afterEach(() => f[Symbol.asyncDispose]());

async function foreignTask(state = 'QUEUED'): Promise<string> {
  const id = newId();
  await f.db.query(
    `insert into tasks (id, name, queue, state, message) values ($1, 'a.b', 'q', $2, '{"foreign":"celery"}')`,
    [id, state],
  );
  return id;
}

const told = (id: string, state: ObservedTask['state'], more: Partial<ObservedTask> = {}): ObservedTask => ({
  ...{ id, wireId: null, state, worker: 'one@py', requeued: false, name: 'a.b', queue: 'q', args: null, kwargs: null },
  ...{ rootId: null, parentId: null, retries: 0, eta: null, expiresAt: null, result: null, error: null },
  ...more,
});

const row = async (id: string) =>
  (await f.db.query('select state, worker, started_at, finished_at, result from tasks where id = $1', [id]))[0];

// Events of a short task come together: what is told of it is its end alone.
test.each(['STARTED', 'SUCCESS', 'FAILURE'] as const)(
  'of a task that was submitted here, and is told as %s, the start is noted, and its end comes with its result',
  async (state) => {
    const [id, waiting] = [await foreignTask(), await foreignTask('RETRY')];
    const error = { type: 'ValueError', message: 'x' };
    const ends = { result: state === 'SUCCESS' ? '7' : null, error: state === 'FAILURE' ? error : null };
    await f.store.celeryWatch.observed([told(id, state, ends), told(waiting, state, ends)]);
    for (const one of [id, waiting])
      expect(await row(one)).toEqual({
        ...{ state: 'STARTED', worker: 'one@py', started_at: expect.any(Date) as Date },
        ...{ finished_at: null, result: null },
      });
  },
);

test.each(['QUEUED', 'REVOKED', 'EXPIRED', 'RETRY'] as const)(
  'one that is told as %s has not started',
  async (state) => {
    const id = await foreignTask();
    await f.store.celeryWatch.observed([told(id, state)]);
    expect(await row(id)).toMatchObject({ state: 'QUEUED', started_at: null, finished_at: null });
  },
);

test('of a task that was not submitted here the end is that of its events', async () => {
  const id = newId();
  await f.store.celeryWatch.observed([told(id, 'STARTED')]);
  await f.store.celeryWatch.observed([told(id, 'SUCCESS', { result: '7' })]);
  expect(await row(id)).toMatchObject({ state: 'SUCCESS', finished_at: expect.any(Date) as Date, result: '7' });
});
