import fc from 'fast-check';
import { z } from 'zod';
import {
  compileRetry,
  defineTask,
  DeclaredError,
  InputInvalidError,
  TaskRevokedError,
  type CompiledRetry,
  type RetryOptions,
} from '@lovage/task';
import { RetryRequested, SnoozeRequested } from './abort-reasons.ts';
import { readFailure } from './failure.ts';
import { outcomeOfFailure } from './outcome.ts';

const contract = defineTask({
  name: 'a.b',
  input: z.strictObject({}),
  output: z.null(),
  errors: { Refused: z.object({}) },
});
const outcomeOfThrown = (thrown: unknown, retry: CompiledRetry, failures: number, random?: () => number) =>
  outcomeOfFailure(readFailure(thrown, contract), retry, failures, random);

class Timeout extends Error {
  override readonly name = 'Timeout';
}

/** The waits before each further attempt, with the longest draw of the jitter; then `end`. */
function waits(policy: RetryOptions, thrown: unknown = new Timeout('late')): (number | 'end')[] {
  const all: (number | 'end')[] = [];
  for (let failures = 0; ; failures += 1) {
    const outcome = outcomeOfThrown(thrown, compileRetry(policy), failures, () => 1);
    if (outcome.kind !== 'postponed') return [...all, 'end'];
    all.push(outcome.delayMs);
  }
}

const rateLimited = (fields: object) => Object.assign(new Error('slow down'), { name: 'RateLimited' }, fields);

describe('outcomeOfThrown', () => {
  it.each<[string, RetryOptions, (number | 'end')[]]>([
    ['no policy: a failure is final', {}, ['end']],
    ['exponential', { maxAttempts: 5, delay: 1 }, [1000, 2000, 4000, 8000, 'end']],
    ['linear', { maxAttempts: 4, delay: 1, backoff: 'linear' }, [1000, 2000, 3000, 'end']],
    ['fixed', { maxAttempts: 4, delay: '5s', backoff: 'fixed' }, [5000, 5000, 5000, 'end']],
    ['a cap', { maxAttempts: 5, delay: 1, maxDelay: 3 }, [1000, 2000, 3000, 3000, 'end']],
    ['listed in on', { maxAttempts: 2, on: ['Timeout'] }, [1000, 'end']],
    ['not listed in on', { maxAttempts: 2, on: ['Other'] }, ['end']],
    ['never', { maxAttempts: 2, never: ['Timeout'] }, ['end']],
    ['never wins over on', { maxAttempts: 2, on: ['Timeout'], never: ['Timeout'] }, ['end']],
    ['never wins over a rule', { maxAttempts: 2, errors: { Timeout: { delay: 1 } }, never: ['Timeout'] }, ['end']],
    ['a rule', { errors: { Timeout: { maxAttempts: 3, backoff: 'fixed', delay: '1m' } } }, [60_000, 60_000, 'end']],
    [
      'a rule completes itself',
      { maxAttempts: 3, delay: 7, errors: { Timeout: { backoff: 'fixed' } } },
      [7000, 7000, 'end'],
    ],
    ['a rule beside on', { maxAttempts: 2, on: [], errors: { Timeout: {} } }, [1000, 'end']],
    ['a rule: false', { maxAttempts: 3, errors: { Timeout: false } }, ['end']],
    ['a rule of another error', { maxAttempts: 2, errors: { Other: false } }, [1000, 'end']],
  ])('%s', (_, policy, expected) => expect(waits(policy)).toEqual(expected));

  it.each<[string, unknown]>([
    ['a declared error', new DeclaredError('Refused', {}, 'no')],
    ['invalid input', new InputInvalidError('a.b', [])],
  ])('does not retry %s unless it is listed', (_, thrown) => {
    expect(waits({ maxAttempts: 2 }, thrown)).toEqual(['end']);
    const type = (thrown as { type?: string }).type ?? 'InputInvalidError';
    expect(waits({ maxAttempts: 2, on: [type] }, thrown)).toEqual([1000, 'end']);
    expect(waits({ maxAttempts: 2, errors: { [type]: {} } }, thrown)).toEqual([1000, 'end']);
  });

  it.each<[string, unknown]>([
    ['of another contract', new DeclaredError('Refused', {}, 'no', 'other.task')],
    ['declared nowhere', new DeclaredError('Unheard', {}, 'no')],
    ['of the input of a child', new InputInvalidError('other.task', [])],
    ['of a child that was revoked', new TaskRevokedError('id')],
    ['that is absent', undefined],
  ])('retries an error %s as any other', (_, thrown) =>
    expect(waits({ maxAttempts: 2 }, thrown)).toEqual([1000, 'end']),
  );

  it('waits as long as the error asks, within bounds, and not shorter than the policy says', () => {
    const policy: RetryOptions = { maxAttempts: 2, delay: 10 };
    expect(waits(policy, rateLimited({ retryAfter: 60 }))).toEqual([60_000, 'end']);
    expect(waits(policy, rateLimited({ retryAfter: 1 }))).toEqual([10_000, 'end']);
    expect(waits(policy, rateLimited({ retryAfter: 7200 }))).toEqual([3_600_000, 'end']);
    expect(waits({ ...policy, maxRetryAfter: '30s' }, rateLimited({ retryAfter: 60 }))).toEqual([30_000, 'end']);
    expect(waits(policy, rateLimited({ response: { headers: { 'Retry-After': '90' } } }))).toEqual([90_000, 'end']);
  });

  it('retries when the handler asks, after its delay or by the rule of the cause; the attempts stay limited', () => {
    const retry = compileRetry({ maxAttempts: 2, errors: { Timeout: { maxAttempts: 3, delay: 9, jitter: false } } });
    const asked = (delayMs: number | undefined, cause?: unknown) => new RetryRequested(delayMs, cause);
    expect(outcomeOfThrown(asked(5), retry, 0)).toMatchObject({ how: 'retry', delayMs: 5 });
    expect(outcomeOfThrown(asked(undefined, new Timeout('late')), retry, 0)).toMatchObject({ delayMs: 9000 });
    expect(outcomeOfThrown(asked(5), retry, 1)).toMatchObject({
      kind: 'failed',
      error: { type: 'MaxRetriesExceeded' },
    });
    expect(outcomeOfThrown(asked(5, new Timeout('late')), retry, 1)).toMatchObject({ how: 'retry', delayMs: 5 });
    expect(outcomeOfThrown(asked(5, new Timeout('late')), retry, 2)).toMatchObject({ error: { type: 'Timeout' } });
  });

  it('snoozes at no cost, also when the attempts are used up', () => {
    expect(outcomeOfThrown(new SnoozeRequested(7), compileRetry({}), 99)).toEqual({
      ...{ kind: 'postponed', how: 'snooze', delayMs: 7, error: null },
    });
  });

  const rule = fc.record(
    {
      maxAttempts: fc.integer({ min: 1, max: 20 }),
      backoff: fc.constantFrom('exponential', 'linear', 'fixed'),
      delay: fc.integer({ min: 0, max: 100 }),
      maxDelay: fc.integer({ min: 100, max: 5000 }),
      jitter: fc.boolean(),
    },
    { requiredKeys: [] },
  );

  it('never waits beyond the cap nor runs more often than allowed, whatever the policy, the contract and the error', () => {
    const retryAfter = fc.oneof(fc.double(), fc.date(), fc.string(), fc.constant(undefined));
    const policy = fc.record({ base: rule, own: rule, rule, maxRetryAfter: fc.integer({ min: 0, max: 9000 }) });
    fc.assert(
      fc.property(
        policy,
        retryAfter,
        fc.nat(30),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (given, after, failures, draw) => {
          const { base, own, rule: ofError, maxRetryAfter } = given;
          const compiled = compileRetry(
            { ...own, errors: { RateLimited: ofError }, maxRetryAfter },
            compileRetry(base),
          );
          const outcome = outcomeOfThrown(rateLimited({ retryAfter: after }), compiled, failures, () => draw);
          const applied = compiled.errors.get('RateLimited')!;
          if (outcome.kind !== 'postponed')
            return void expect(failures + 1).toBeGreaterThanOrEqual(applied.maxAttempts);
          expect(failures + 1).toBeLessThan(applied.maxAttempts);
          expect(outcome.delayMs).toBeGreaterThanOrEqual(0);
          expect(outcome.delayMs).toBeLessThanOrEqual(Math.max(applied.maxDelayMs, compiled.maxRetryAfterMs));
          expect(Number.isFinite(outcome.delayMs)).toBe(true);
        },
      ),
    );
  });
});
