import { defineTask } from '@lovage/task';
import { z } from 'zod';
import { fakeTask, limitKeys, uniqueValue, type AbortCode } from '../kit.ts';

const work = defineTask({
  name: 'kit.work',
  input: z.strictObject({ n: z.coerce.number(), tenant: z.string().default('a') }),
  output: z.number(),
  progress: z.number().max(100),
  errors: { TooLarge: z.strictObject({ limit: z.number() }) },
  defaults: {
    retry: { maxAttempts: 3, delay: '1s', errors: { Fatal: false } },
    unique: { by: ['tenant'] },
    concurrency: { key: ({ tenant }) => tenant, limit: 2 },
    rateLimit: '10/s',
    softTimeLimit: '1m',
  },
});
const failing = (error: unknown) => () => {
  throw error;
};
class Fatal extends Error {
  override readonly name = 'Fatal';
}

describe('fakeTask', () => {
  it('validates as a worker does', async () => {
    expect(await fakeTask(work).run(({ n, tenant }) => n + tenant.length, { n: '1' })).toEqual({
      state: 'SUCCESS',
      result: 2,
    });
    const refused = await fakeTask(work).run(() => 'text' as never, { n: 1 });
    expect(refused).toMatchObject({ state: 'FAILURE', error: { code: 'output_invalid' } });
    expect(await fakeTask(work).run(() => 1, { n: 'x' })).toMatchObject({ error: { code: 'input_invalid' } });
    const fake = fakeTask(work);
    expect(() => fake.task.progress(101)).toThrow();
    fake.task.progress(100);
    fake.task.log.warn('slow');
    expect([fake.reported, fake.logged]).toEqual([[100], [{ level: 'warn', message: 'slow' }]]);
  });

  it('judges failures by the policy and the attempt', async () => {
    const end = (attempt: number, error: unknown) => fakeTask(work, { attempt }).run(failing(error), { n: 1 });
    expect(await end(1, new Error('away'))).toMatchObject({ state: 'SCHEDULED', how: 'retry', delayMs: 1000 });
    expect(await end(2, new Error('away'))).toMatchObject({ state: 'SCHEDULED', how: 'retry', delayMs: 2000 });
    expect(await end(3, new Error('away'))).toMatchObject({ state: 'FAILURE', error: { message: 'away' } });
    expect(await end(1, new Fatal())).toMatchObject({ state: 'FAILURE', error: { type: 'Fatal' } });
    expect(await end(1, work.error('TooLarge', { limit: 1 }))).toMatchObject({
      state: 'FAILURE',
      error: { type: 'TooLarge', data: { limit: 1 } },
    });
    const busy = Object.assign(new Error('busy'), { retryAfter: 60 });
    expect(await end(1, busy)).toMatchObject({ state: 'SCHEDULED', delayMs: 60_000 });
    const { task } = fakeTask(work);
    expect(await end(1, task.retry({ delay: '5m' }))).toMatchObject({ how: 'retry', delayMs: 300_000 });
    expect(await end(3, task.retry())).toMatchObject({ state: 'FAILURE' });
    expect(await end(1, task.reject('no'))).toMatchObject({
      ...{ state: 'FAILURE', error: { type: 'Reject', message: 'no' } },
    });
    expect(await end(1, task.ignore())).toMatchObject({ state: 'FAILURE', error: { type: 'Ignore' } });
    expect(await end(3, task.snooze('1h'))).toEqual({ state: 'SCHEDULED', how: 'snooze', delayMs: 3_600_000 });
  });

  it.each<[AbortCode, string]>([
    ['soft_time_limit_exceeded', 'SCHEDULED'],
    ['time_limit_exceeded', 'SCHEDULED'],
    ['task_revoked', 'REVOKED'],
    ['worker_shutdown', 'QUEUED'],
    ['lease_lost', 'QUEUED'],
  ])('aborted by %s it ends %s', async (code, state) => {
    const fake = fakeTask(work);
    const run = fake.run(
      (_input, { signal }) =>
        new Promise<number>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      { n: 1 },
    );
    fake.abort(code);
    expect(fake.task.signal.reason).toMatchObject({ code });
    expect(await run).toMatchObject({ state });
  });

  it('remembers steps over attempts, and children by their keys', async () => {
    const steps = new Map<string, string>();
    let done = 0;
    const step = (attempt: number) =>
      fakeTask(work, { attempt, steps }).run((_input, task) => task.once('pay', () => (done += 1)), { n: 1 });
    expect([await step(1), await step(2), done]).toEqual([
      { state: 'SUCCESS', result: 1 },
      { state: 'SUCCESS', result: 1 },
      1,
    ]);
    const { task, children } = fakeTask(work);
    const first = await task.submit(work, { n: '2' }, { key: 'k', delay: '1m' });
    expect(await task.submit(work, { n: 2 }, { key: 'k', delay: '1m' })).toBe(first);
    expect(await task.submitMany(work, [{ n: 3 }], ({ n }) => ({ key: `n${String(n)}` }))).toMatchObject([
      { fresh: true },
    ]);
    expect(children.map(({ input, key }) => ({ input, key }))).toEqual([
      { input: { n: 2, tenant: 'a' }, key: 'k' },
      { input: { n: 3, tenant: 'a' }, key: 'n3' },
    ]);
    await expect(task.submit(work, { n: 'x' })).rejects.toMatchObject({ code: 'input_invalid' });
  });
});

it('tells by what limits and uniqueness go', () => {
  expect(limitKeys(work, { n: 1, tenant: 'b' })).toEqual({ concurrency: 'b', rate: null });
  expect(uniqueValue(work, { n: 1 })).toEqual(uniqueValue(work, { n: 2, tenant: 'a' }));
  expect(uniqueValue(work, { n: 1 })).not.toEqual(uniqueValue(work, { n: 1, tenant: 'b' }));
  const plain = defineTask({ name: 'kit.plain', input: z.strictObject({}), output: z.null() });
  expect([limitKeys(plain, {}), uniqueValue(plain, {})]).toEqual([
    { concurrency: undefined, rate: undefined },
    undefined,
  ]);
});
