import fc from 'fast-check';
import { compileOptions, type TaskOptions } from './task-options.ts';

describe('compileOptions', () => {
  it('completes what is left out', () => {
    expect(compileOptions()).toEqual({
      queue: 'default',
      retry: {
        ...{ maxAttempts: 1, kind: 'exponential', delayMs: 1000, maxDelayMs: 600_000, jitter: true },
        ...{ on: undefined, never: new Set(), errors: new Map(), maxRetryAfterMs: 3_600_000 },
      },
      ...{ softTimeLimitMs: undefined, timeLimitMs: undefined, expiresMs: undefined, ack: 'late', record: 'full' },
      ...{ pool: undefined, maxCrashes: 3, tags: [] },
    });
  });

  it('takes what is given, durations in ms', () => {
    const retry = { maxAttempts: 5, backoff: 'linear', delay: '2s', maxDelay: 90, jitter: false } as const;
    expect(
      compileOptions({
        ...{ queue: 'q.1', softTimeLimit: '5s', timeLimit: '1m', expires: '1h', ack: 'claim', record: 'final' },
        ...{ pool: 'process', maxCrashes: 5 },
        retry: { ...retry, on: ['Timeout'], never: ['Fatal'] },
      }),
    ).toEqual({
      ...{
        queue: 'q.1',
        softTimeLimitMs: 5000,
        timeLimitMs: 60_000,
        expiresMs: 3_600_000,
        ack: 'claim',
        record: 'final',
        pool: 'process',
        maxCrashes: 5,
        tags: [],
      },
      retry: {
        ...{ maxAttempts: 5, kind: 'linear', delayMs: 2000, maxDelayMs: 90_000, jitter: false },
        ...{ on: new Set(['Timeout']), never: new Set(['Fatal']), errors: new Map(), maxRetryAfterMs: 3_600_000 },
      },
    });
  });

  it('lets the longest wait follow a long first one', () => {
    expect(compileOptions({ retry: { delay: '11m' } }).retry).toMatchObject({ delayMs: 660_000, maxDelayMs: 660_000 });
  });

  it('takes a retention for all states, or for some', () => {
    const day = 86_400_000;
    expect(compileOptions({ retention: '1d' }).retention).toEqual({
      ...{ SUCCESS: day, FAILURE: day, REVOKED: day, EXPIRED: day, DEAD: day },
    });
    expect(compileOptions({ retention: 'forever' }).retention).toMatchObject({ SUCCESS: Infinity, DEAD: Infinity });
    expect(compileOptions({ retention: { SUCCESS: 3600, DEAD: 'forever' } }).retention).toEqual({
      ...{ SUCCESS: 3_600_000, DEAD: Infinity },
    });
    expect(compileOptions().retention).toBeUndefined();
  });

  it('a batch is gathered for a tenth of a second by default, and runs in the event loop whatever the worker prefers', () => {
    expect(compileOptions({ batch: { size: 100, timeout: '2s' } })).toMatchObject({
      batch: { size: 100, timeoutMs: 2000 },
      pool: 'async',
    });
    expect(compileOptions({ batch: { size: 1 } }).batch).toEqual({ size: 1, timeoutMs: 100 });
    expect(compileOptions({ batch: { size: 1, timeout: 0 } }).batch).toEqual({ size: 1, timeoutMs: 0 });
    expect(compileOptions().batch).toBeUndefined();
  });

  it('takes the ten priorities, and none', () => {
    for (let priority = 0; priority <= 9; priority += 1)
      expect(compileOptions({ priority })).toMatchObject({ priority });
    expect(compileOptions().priority).toBeUndefined();
  });

  it('allows an immediate retry', () => {
    expect(compileOptions({ retry: { delay: 0, maxDelay: '0s' } }).retry).toMatchObject({ delayMs: 0, maxDelayMs: 0 });
  });

  it.each([
    [{ que: 'x' }, /^que: unknown option; did you mean queue\?/],
    [{ Queue: 'x' }, /did you mean queue\?/],
    [{ timelimit: '1s' }, /did you mean timeLimit\?/],
    [{ softTimelimit: '1s' }, /did you mean softTimeLimit\?/],
    [{ expiry: '1s' }, /did you mean expires\?/],
    [{ retries: 3 }, /did you mean retry\?/],
    [{ recrod: 'full' }, /did you mean record\?/],
    [{ zzz: 1 }, /^zzz: unknown option \(known: queue, retry,/],
    [{ retry: { attempts: 3 } }, /^retry\.attempts: unknown retry option; did you mean maxAttempts\?/],
    [{ retry: { maxDeley: 3 } }, /did you mean maxDelay\?/],
    [{ retry: { dealy: 3 } }, /did you mean delay\?/],
    [{ queue: '' }, /^queue: "" is no queue name/],
    [{ queue: 'a b' }, /^queue: "a b" is no queue name/],
    [{ queue: 'q'.repeat(201) }, /^queue: /],
    [{ queue: 7 }, /^queue: /],
    [{ retry: { maxAttempts: 0 } }, /^retry\.maxAttempts: 0 /],
    [{ retry: { maxAttempts: 1.5 } }, /^retry\.maxAttempts: 1.5 /],
    [{ retry: { maxAttempts: 10_001 } }, /^retry\.maxAttempts: 10001 /],
    [{ retry: { backoff: 'steep' } }, /^retry\.backoff: "steep" is not one of exponential, linear, fixed/],
    [{ retry: { delay: 'soon' } }, /^retry\.delay: not a duration: "soon"/],
    [{ retry: { maxDelay: -1 } }, /^retry\.maxDelay: not a duration/],
    [{ retry: { delay: '2m', maxDelay: '1m' } }, /^retry\.maxDelay: must not be shorter than retry\.delay/],
    [{ retry: { jitter: 'yes' } }, /^retry\.jitter: "yes" is neither true nor false/],
    [{ retry: { on: 'Timeout' } }, /^retry\.on: must be a list of error names/],
    [{ retry: { never: [1] } }, /^retry\.never: must be a list of error names/],
    [{ priority: 10 }, /^priority: 10 is not a whole number from 0 to 9/],
    [{ priority: -1 }, /^priority: -1 is not/],
    [{ priority: 1.5 }, /^priority: 1.5 is not/],
    [{ priority: '5' }, /^priority: "5" is not/],
    [{ priority: null }, /^priority: /],
    [{ retry: 3 }, /^retry: must be an object/],
    [{ retry: { errors: [] } }, /^retry\.errors: must be an object of rules/],
    [
      { retry: { errors: { Slow: { dely: 3 } } } },
      /^retry\.errors\.Slow\.dely: unknown retry option; did you mean delay/,
    ],
    [{ retry: { errors: { Slow: true } } }, /^retry\.errors\.Slow: must be an object/],
    [{ retry: { errors: { Slow: { maxAttempts: 0 } } } }, /^retry\.errors\.Slow\.maxAttempts: 0 /],
    [{ retry: { errors: { Slow: { delay: '2m', maxDelay: 1 } } } }, /^retry\.errors\.Slow\.maxDelay: must not be/],
    [
      { retry: { errors: Object.fromEntries([...Array(101)].map((_, i) => [`E${i}`, false])) } },
      /^retry\.errors: more than 100/,
    ],
    [{ retry: { maxRetryAfter: -1 } }, /^retry\.maxRetryAfter: not a duration/],
    [{ softTimeLimit: '10s', timeLimit: '10s' }, /^softTimeLimit: must be shorter than timeLimit/],
    [{ timeLimit: 0 }, /^timeLimit: must be longer than zero/],
    [{ expires: '1 hour' }, /^expires: not a duration/],
    [{ ack: 'never' }, /^ack: "never" is not one of late, claim, early/],
    [{ pool: 'fork' }, /^pool: "fork" is not one of async, thread, process/],
    [{ maxCrashes: 0 }, /^maxCrashes: 0 is not a whole number from 1 to 100/],
    [{ maxCrashes: '3' }, /^maxCrashes: "3" is not/],
    [{ retention: '59s' }, /^retention: "59s" is not between 1m and 3650d/],
    [{ retention: 0 }, /^retention: 0 is not between/],
    [{ retention: '9999d' }, /^retention: /],
    [{ retention: 'never' }, /^retention: not a duration: "never"/],
    [{ retention: ['1d'] }, /^retention: must be an object/],
    [{ retention: { STARTED: '1d' } }, /^retention\.STARTED: unknown state \(known: SUCCESS/],
    [{ retention: { SUCESS: '1d' } }, /^retention\.SUCESS: unknown state; did you mean SUCCESS/],
    [{ retention: { SUCCESS: '1d', DEAD: 'x' } }, /^retention\.DEAD: not a duration/],
    [{ batch: 10 }, /^batch: must be an object/],
    [{ batch: {} }, /^batch\.size: undefined is not a whole number from 1 to 1000/],
    [{ batch: { size: 0 } }, /^batch\.size: 0 /],
    [{ batch: { size: 1001 } }, /^batch\.size: 1001 /],
    [{ batch: { size: '5' } }, /^batch\.size: "5" /],
    [{ batch: { size: 5, timeout: 'soon' } }, /^batch\.timeout: not a duration/],
    [{ batch: { size: 5, timeout: '11m' } }, /^batch\.timeout: "11m" is longer than 10m/],
    [{ batch: { size: 5, timeuot: 1 } }, /^batch\.timeuot: unknown batch option; did you mean timeout/],
    [{ batch: { size: 5 }, pool: 'process' }, /^batch: its handler runs in the pool async/],
    [{ batch: { size: 5 }, pool: 'thread' }, /^batch: .* in "thread" children run one task at a time/],
    [{ record: 'some' }, /^record: "some" is not one of full, final, none/],
    ['fast', /^must be an object/],
  ] as [unknown, RegExp][])('refuses %j', (options, message) => {
    expect(() => compileOptions(options as TaskOptions)).toThrow(RangeError);
    expect(() => compileOptions(options as TaskOptions)).toThrow(message);
  });

  it('either compiles or says which option is wrong, whatever it is given', () => {
    const wild = fc.dictionary(
      fc.constantFrom(
        'queue',
        'priority',
        'retry',
        'softTimeLimit',
        'timeLimit',
        'expires',
        'ack',
        'record',
        'pool',
        'maxCrashes',
        'retention',
        'batch',
        'other',
      ),
      fc.anything({ withBigInt: true, withDate: true }),
    );
    fc.assert(
      fc.property(fc.oneof(wild, fc.anything()), (options) => {
        try {
          expect(compileOptions(options as TaskOptions)).toHaveProperty('queue');
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
