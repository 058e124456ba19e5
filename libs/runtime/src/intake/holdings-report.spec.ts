import { deferred } from '@lovage/foundation';
import { eventually } from '@lovage/testing';
import { echo, Fixture } from '../testing/fixture.ts';

test('a worker that is full of a long task tells, when asked, what it holds beside it', async () => {
  await using f = await Fixture.open();
  const goOn = deferred();
  await f.worker(echo(), () => goOn.promise, { concurrency: 1, prefetchMultiplier: 4 });
  const ids = [await f.send(1), await f.send(2), await f.send(3)];
  await eventually(async () => (await f.ready()) === 0);
  const since = await f.store.rescue.ask(['default']);
  const answer = await eventually(async () => {
    const [holders] = await f.store.rescue.holders(['default'], since);
    return holders!.answered === 1 ? holders : undefined;
  });
  expect(answer).toMatchObject({ workers: 1, held: new Set(ids) });
  goOn.resolve();
});
