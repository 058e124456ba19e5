import { jest } from '@jest/globals';
import { ValueRefusedError } from '@lovage/ports';
import { eventually } from '@lovage/testing';
import { deferred, newId } from '@lovage/foundation';
import { encodeTask } from '@lovage/celery';
import { echo, Fixture } from '../testing/fixture.ts';

type Method = 'record' | 'recordFinal' | 'postpone' | 'postponeUnclaimed';
const value = (input: unknown) => (input as { value: unknown }).value;

/** Lets a statement of the store fail while it has anything that `guilty` names; tells how often. */
function spoil(f: Fixture, method: Method, guilty: (items: string) => boolean, error: () => Error) {
  const tasks = f.store.tasks as unknown as Record<Method, (...args: unknown[]) => Promise<unknown>>;
  const real = tasks[method].bind(tasks);
  let failed = 0;
  const mock = jest.spyOn(tasks, method).mockImplementation(async (...args: unknown[]) => {
    if (guilty(JSON.stringify(args.at(-1)))) {
      failed += 1;
      throw error();
    }
    return real(...args);
  });
  return { mock, failed: () => failed };
}

/** Sends tasks that end together, so that one commit has them all; `run` counts runs. */
async function together(
  f: Fixture,
  values: readonly unknown[],
  record: 'full' | 'final',
  act: (value: unknown) => unknown,
) {
  const gate = deferred();
  const runs = new Map<string, number>();
  let waiting = 0;
  await f.worker(echo({ record, retry: { maxAttempts: 2, delay: 0 } }), async (input, task) => {
    runs.set(task.id, (runs.get(task.id) ?? 0) + 1);
    waiting += 1;
    if (waiting === values.length) gate.resolve();
    await gate.promise;
    return act(value(input));
  });
  const ids = await Promise.all(values.map((one) => f.send(one)));
  return { ids, runs };
}

const six = ['a', 'b', 'guilty', 'c', 'd', 'e'];
const isGuilty = (items: string) => items.includes('guilty') && !items.includes('ResultNotStorable');

describe.each([
  ['Postgres refuses', () => new ValueRefusedError('no such value')],
  ['no statement can be made of', () => new RangeError('Invalid string length')],
])('an end whose value %s', (_, error) => {
  test.each([
    ['full', 'record'],
    ['final', 'recordFinal'],
  ] as const)(
    'fails alone, with record %s: those that ended with it keep their results, and none runs twice',
    async (record, method) => {
      await using f = await Fixture.open();
      spoil(f, method, isGuilty, error);
      const { ids, runs } = await together(f, six, record, (given) => given);
      const rows = await Promise.all(ids.map((id) => f.ended(id)));
      expect(rows.map(({ state }) => state)).toEqual(six.map((one) => (one === 'guilty' ? 'FAILURE' : 'SUCCESS')));
      expect(rows[2]!.error).toMatchObject({ type: 'ResultNotStorable', message: expect.stringContaining('SUCCESS') });
      expect([...runs.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    },
  );

  test.each([
    ['full', 'postpone'],
    ['final', 'postponeUnclaimed'],
  ] as const)('spoils no other attempt that is to be retried, with record %s', async (record, method) => {
    await using f = await Fixture.open();
    spoil(f, method, isGuilty, error);
    f.relay();
    const failedOnce = new Set<unknown>();
    const { ids } = await together(f, six, record, (given) => {
      if (failedOnce.has(given)) return given;
      failedOnce.add(given);
      throw new Error(String(given));
    });
    const innocent = ids.filter((id) => id !== ids[2]);
    for (const row of await Promise.all(innocent.map((id) => f.ended(id))))
      expect(row).toMatchObject({ state: 'SUCCESS', retries: 1, suspected: 0 });
    if (record === 'full') expect(await f.ended(ids[2]!)).toMatchObject({ state: 'SUCCESS', retries: 1 });
    else await eventually(() => f.broker.dead.length === 1);
  });
});

test.each(['full', 'final'] as const)(
  'an end that cannot be written for another reason is held, with record %s: it is not run again, and written later',
  async (record) => {
    await using f = await Fixture.open();
    let broken = true;
    const method = record === 'full' ? 'record' : 'recordFinal';
    const { failed } = spoil(
      f,
      method,
      (items) => broken && isGuilty(items),
      () => Object.assign(new Error('odd'), { name: 'OddError' }),
    );
    const { ids, runs } = await together(f, six, record, (given) => given);
    for (const id of ids.filter((one) => one !== ids[2])) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    // It was tried with the others, alone, and once more after a pause.
    const before = failed();
    await eventually(() => failed() > before);
    broken = false;
    expect(await f.ended(ids[2]!)).toMatchObject({ state: 'SUCCESS', result: 'guilty', suspected: 0 });
    expect([...runs.values()]).toEqual([1, 1, 1, 1, 1, 1]);
  },
);

test('a worker that stops without having written an end releases its claim: nobody takes it over', async () => {
  await using f = await Fixture.open();
  spoil(
    f,
    'record',
    () => true,
    () => Object.assign(new Error('odd'), { name: 'OddError' }),
  );
  const contract = echo();
  const worker = await f.worker(contract, () => 'done', { shutdownGrace: '50ms' });
  const tried = f.log.logged.next(({ message }) => message.includes('holding on'));
  const id = await f.send(1);
  await tried;
  await worker.stop();
  expect(await f.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', generation: 1, suspected: 0 });
  expect((await f.store.tasks.claimStates([id]))[0]).toMatchObject({ claimWorker: null });
  expect(await f.ready()).toBe(0);
  jest.restoreAllMocks();
  f.relay();
  await f.worker(contract, () => 'done');
  expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', suspected: 0 });
});

test('a claim of its own that a worker does not run under is released, not taken over', async () => {
  await using f = await Fixture.open();
  f.relay();
  const worker = await f.worker(echo(), (input) => value(input));
  const [lease] = await f.db.query<{ id: string }>('select id from workers');
  const id = await f.send('x');
  await f.ended(id);
  // As an end leaves it that was never written.
  await f.db.query(
    "update tasks set state = 'STARTED', finished_at = null, result = null, claim_worker = $1, claim_no = 77 where id = $2",
    [lease!.id, id],
  );
  await f.send('x', { id });
  expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', suspected: 0, generation: 1 });
  expect(await f.db.query('select outcome from attempts where task_id = $1', [id])).toEqual([{ outcome: 'RELEASED' }]);
  await worker.stop();
});

test('a task for later that Postgres cannot keep is refused alone, once', async () => {
  await using f = await Fixture.open();
  spoil(
    f,
    'postponeUnclaimed',
    (items) => items.includes('guilty'),
    () => new ValueRefusedError('no such value'),
  );
  await f.worker(echo(), (given) => value(given));
  const ids = six.map(() => newId());
  for (const [i, one] of six.entries()) {
    const { headers, ...message } = encodeTask({
      ...{ id: ids[i]!, name: 'test.echo', inputJson: JSON.stringify({ value: one }), rootId: null, parentId: null },
      ...{ retries: 0, generation: 0, hasRow: false, eta: Date.now() + 3_600_000 },
    });
    const { 'x-lovage-turn': _, ...foreign } = headers;
    await f.broker.publish({ queue: 'default', ...message, headers: foreign });
  }
  await eventually(() => f.broker.dead.length === 1);
  for (const id of ids.filter((_, i) => i !== 2))
    await eventually(async () => (await f.store.tasks.get(id))?.state === 'SCHEDULED');
  expect(await f.ready()).toBe(0);
});

test('who waits for a task cannot keep it from ending', async () => {
  await using f = await Fixture.open();
  jest.spyOn(f.broker, 'reply').mockImplementation(() => {
    throw new Error('no way back');
  });
  let runs = 0;
  await f.worker(echo(), () => (runs += 1));
  expect(await f.ended(await f.send(1))).toMatchObject({ state: 'SUCCESS' });
  await eventually(async () => (await f.ready()) === 0);
  f.broker.redeliver();
  expect([runs, await f.ready()]).toEqual([1, 0]);
});
