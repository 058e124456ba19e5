import { jest } from '@jest/globals';
import { newId } from '@lovage/foundation';
import { TaskRevokedError } from '@lovage/task';
import { eventually } from '@lovage/testing';
import { LeaseLost, WorkerShutdown } from './run/abort-reasons.ts';
import { badDeeds } from './testing/bad-deeds.ts';
import { bad, handleBad } from './testing/child-tasks.ts';
import { children, echo, Fixture } from './testing/fixture.ts';

/** A child boots the application from its sources; several at once on a busy machine take their time. */
const SLOW = { timeoutMs: 90_000 };
jest.setTimeout(120_000);

const endedIn = (f: Fixture, id: string) =>
  eventually(async () => {
    const row = await f.store.tasks.get(id);
    return row?.finishedAt ? row : undefined;
  }, SLOW);
const send = (f: Fixture, deed: string) =>
  f.send(null, { id: newId(), name: 'test.careless', inputJson: JSON.stringify({ deed }) });

describe.each(['async', 'thread', 'process'] as const)(
  'whatever a handler throws, returns or logs, in the pool %s',
  (pool) => {
    test.each([['full'], ['final']] as const)(
      'with record %s: its task ends with its evidence, and nobody else notices',
      async (record) => {
        await using f = await Fixture.open();
        await f.worker(bad({ pool, record }), handleBad, { children: await children() });
        // All at once, so that their ends share commits.
        const sent = await Promise.all(Object.keys(badDeeds).map(async (deed) => [deed, await send(f, deed)] as const));
        const ends = await Promise.all(sent.map(async ([deed, id]) => [deed, await endedIn(f, id)] as const));
        for (const [deed, row] of ends) expect([deed, row]).toMatchObject([deed, badDeeds[deed]!.ends]);
        // One claim each, and no other run.
        expect(await f.db.query('select outcome from attempts')).toEqual([]);
        expect(ends.filter(([, row]) => row.suspected > 0 || row.crashes > 0 || row.retries > 0)).toEqual([]);
      },
    );
  },
);

test('in a batch handler each outcome that cannot be read is the failure of its task alone', async () => {
  await using f = await Fixture.open();
  const deeds = Object.keys(badDeeds);
  await f.batchWorker(echo({ batch: { size: deeds.length + 1, timeout: '10m' } }), (items) =>
    Promise.all(
      items.map(async (item) => {
        const deed = (item.input as { value: string }).value;
        if (deed === 'good') return item.succeeded('good');
        try {
          return item.succeeded(await badDeeds[deed]!.do(item.task));
        } catch (error) {
          return item.failed(error as Error);
        }
      }),
    ),
  );
  const ids = await Promise.all([...deeds, 'good'].map((deed) => f.send(deed)));
  const rows = await Promise.all(ids.map((id) => f.ended(id)));
  expect(rows.at(-1)).toMatchObject({ state: 'SUCCESS', result: 'good' });
  expect(rows.filter(({ retries, suspected }) => retries + suspected > 0)).toEqual([]);
});

test('an answer of a batch handler that cannot be read fails its tasks, not its worker', async () => {
  await using f = await Fixture.open();
  const answers: unknown[] = [Proxy.revocable([], {}), [null], undefined];
  (answers[0] as { revoke(): void }).revoke();
  answers[0] = (answers[0] as { proxy: unknown }).proxy;
  await f.batchWorker(echo({ batch: { size: 1, timeout: '10m' } }), () => answers.shift() as never);
  for (let i = 0; i < 3; i += 1) expect(await f.ended(await f.send(i))).toMatchObject({ state: 'FAILURE' });
});

test.each([
  ['revoked', new TaskRevokedError('another task', 'why', 'somebody')],
  ['stopped with its worker', new WorkerShutdown()],
  ['cut off', new LeaseLost()],
])('a handler that waits for a task which was %s has failed like any other', async (_, thrown) => {
  await using f = await Fixture.open();
  f.relay();
  let runs = 0;
  await f.worker(echo({ retry: { maxAttempts: 2, delay: 0 } }), () => {
    runs += 1;
    throw thrown;
  });
  expect(await f.ended(await f.send(1))).toMatchObject({
    ...{ state: 'FAILURE', retries: 1 },
    error: { type: thrown.name, code: thrown.code, message: thrown.message },
  });
  expect(runs).toBe(2);
});
