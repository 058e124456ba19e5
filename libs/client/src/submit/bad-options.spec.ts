import { hasCode } from '@lovage/foundation';
import type { SubmitOptions } from './options.ts';
import { ClientFixture, plainEcho } from '../testing/fixture.ts';

const HOUR_MS = 3_600_000;
const fromNow = (ms: number): Date => new Date(Date.now() + ms);

/** Options that a submit must not take, and the one that the error names. */
const BAD: readonly [object, string][] = [
  [{ dely: 1 }, 'dely'],
  [{ countdown: 1 }, 'countdown'],
  [{ delay: -1 }, 'delay'],
  [{ delay: 'soon' }, 'delay'],
  [{ delay: 1, eta: fromNow(HOUR_MS) }, 'eta'],
  [{ eta: 'tomorrow' }, 'eta'],
  [{ expires: 0 }, 'expires'],
  [{ expires: fromNow(-HOUR_MS) }, 'expires'],
  [{ expires: 10, delay: 10 }, 'expires'],
  [{ expires: fromNow(HOUR_MS), eta: fromNow(2 * HOUR_MS) }, 'expires'],
  [{ timeLimit: 0 }, 'timeLimit'],
  [{ timeLimit: 5, softTimeLimit: 5 }, 'softTimeLimit'],
  [{ queue: 'a b' }, 'queue'],
  [{ queue: '.a' }, 'queue'],
  [{ priority: 11 }, 'priority'],
  [{ priority: -1 }, 'priority'],
  [{ priority: 1.5 }, 'priority'],
  [{ priority: '5' }, 'priority'],
  [{ retry: 3 }, 'retry'],
  [{ retry: { maxAttempts: 0 } }, 'retry.maxAttempts'],
  [{ retry: { backoff: 'steep' } }, 'retry.backoff'],
  [{ retry: { errors: { Slow: { delay: '2m', maxDelay: '1m' } } } }, 'retry.errors.Slow.maxDelay'],
  [{ rateLimit: '5/x' }, 'rateLimit'],
  [{ unique: 1 }, 'unique'],
  [{ unique: { bye: ['value'] } }, 'unique.bye'],
  [{ unique: { by: () => 1 } }, 'unique.by'],
  [{ unique: { period: -1 } }, 'unique.period'],
  [{ unique: { states: ['QUEUED', 'DONE'] } }, 'unique.states.1'],
  [{ unique: { onConflict: 'skip' } }, 'unique.onConflict'],
  [{ idempotencyKey: '' }, 'idempotencyKey'],
  [{ userId: 'me' }, 'userId'],
];

test('each is refused by name, typed, in every way to submit; nothing is stored or sent', async () => {
  await using fixture = await ClientFixture.open();
  await fixture.broker.declare('default');
  const lovage = fixture.client();
  const { echo } = lovage.client({ echo: plainEcho });
  const foreign = { name: 'interop.add', args: [1, 2] };
  for (const [given, option] of BAD) {
    const options = given as SubmitOptions;
    const input = { value: 1 };
    const ways = [
      () => echo.submit(input, options),
      () => echo(input, options),
      () => lovage.submitByName('test.echo', input, options),
      () => lovage.submitForeign(foreign, { queue: 'default', ...options }),
    ];
    for (const way of ways) {
      const caught = await way().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect([option, hasCode(caught, 'submit_options_invalid')]).toEqual([option, true]);
      expect(caught).toMatchObject({ option });
    }
    expect(await echo.safe(input, options)).toMatchObject({
      ok: false,
      error: { code: 'submit_options_invalid', option },
    });
  }
  for (const table of ['tasks', 'outbox', 'keys'])
    expect(await fixture.db.query(`select count(*)::int as n from ${table}`)).toEqual([{ n: 0 }]);
  expect((await fixture.broker.depth('default')).ready).toBe(0);
});
