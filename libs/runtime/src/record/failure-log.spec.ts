import { echo, Fixture, type FixtureWorkerOptions } from '../testing/fixture.ts';

/** What the worker's log tells of one task that fails once as `throws`, or again and again. */
async function told(throws: () => never, options: FixtureWorkerOptions = {}) {
  await using f = await Fixture.open();
  f.relay();
  await f.worker(echo({ retry: { maxAttempts: 2, delay: 0 } }), throws, options);
  const id = await f.send(1);
  await f.ended(id);
  return f.log.entries
    .filter(({ fields }) => fields['task'] === id)
    .map(({ level, message, fields: { task: _, ...fields } }) => ({ level, message, fields }));
}

const fails = (): never => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) });
};
const err = expect.objectContaining({
  ...{ type: 'TypeError', message: 'fetch failed' },
  cause: expect.objectContaining({ message: 'refused', code: 'ECONNREFUSED' }),
});

test('each failed attempt is told, with its cause and what happens next', async () => {
  const of = { contract: 'test.echo', queue: 'default', err };
  expect(await told(fails)).toEqual([
    {
      ...{ level: 'warn', message: 'an attempt failed; the task runs again in 0 ms' },
      fields: { ...of, attempt: 1, next: 'RETRY', delayMs: 0 },
    },
    {
      ...{ level: 'error', message: 'an attempt failed; the task has ended FAILURE' },
      fields: { ...of, attempt: 2, next: 'FAILURE' },
    },
  ]);
});

test.each([
  ['warn', ['warn', 'error']],
  ['error', ['error']],
  ['off', []],
] as const)('at level %s: %j', async (failureLogLevel, levels) => {
  expect((await told(fails, { failureLogLevel })).map(({ level }) => level)).toEqual(levels);
});

test('an error that the contract declares is no accident', async () => {
  const refused = (): never => {
    throw echo().error('Refused', { reason: 'no' });
  };
  expect(await told(refused)).toMatchObject([{ level: 'warn', fields: { attempt: 1, next: 'FAILURE' } }]);
  expect(await told(refused, { failureLogLevel: 'error' })).toEqual([]);
});

test('what is no failure is not told', async () => {
  await using f = await Fixture.open();
  f.relay();
  let runs = 0;
  await f.worker(echo(), (_, task) => {
    if ((runs += 1) === 1) throw task.snooze(0);
    return null;
  });
  const id = await f.send(1);
  await f.ended(id);
  expect(f.log.entries.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
});
