import { deferred } from '@lovage/foundation';
import { eventually, TestClock } from '@lovage/testing';
import { echo, Fixture } from '../testing/fixture.ts';

const HOUR = 3_600_000;

describe('a message with an expiry and no row', () => {
  test.each([
    ['behind', -HOUR],
    ['ahead', HOUR],
  ])('is judged by Postgres, whatever the clock of a worker says that is an hour %s', async (_, skewMs) => {
    await using f = await Fixture.open();
    const clock = new TestClock(Date.now() + skewMs);
    const runs: unknown[] = [];
    const done = deferred();
    await f.worker(
      echo(),
      (input) => {
        runs.push((input as { value: unknown }).value);
        done.resolve();
        return null;
      },
      { clock },
    );
    const late = await f.send('late', { expiresAt: Date.now() - 60_000 });
    const good = await f.send('good', { expiresAt: Date.now() + 600_000 });
    await done.promise;
    expect(await f.ended(late)).toMatchObject({ state: 'EXPIRED' });
    expect(await f.ended(good)).toMatchObject({ state: 'SUCCESS' });
    expect(runs).toEqual(['good']);
  });

  test('is not taken for expired because a lease had lapsed and the clock of the worker is ahead', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock(Date.now() + HOUR);
    await f.worker(echo(), () => null, { clock, leaseMs: 8000 });
    await f.db.query("update workers set lease_until = now() - interval '1 minute'");
    const id = await f.send('good', { expiresAt: Date.now() + 600_000 });
    await eventually(async () => (await f.db.query('select from workers where lease_until > now()')).length === 1);
    await eventually(async () => {
      await clock.advance(100);
      return (await f.store.tasks.get(id))?.finishedAt != null;
    });
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'SUCCESS' });
  });
});
