import fc from 'fast-check';
import { hasCode } from '@lovage/foundation';
import { defineTask, type TaskOptions } from '@lovage/task';
import { z } from 'zod';
import { compileSubmit, type SubmitOptions } from './options.ts';

const NOW = Date.UTC(2026, 0, 1);
const ID = '01a1fbb7-f668-72f8-b5cd-3f789396c592';

const contract = (defaults: TaskOptions) =>
  defineTask({ name: 'test.of', input: z.strictObject({}), output: z.null(), defaults });

describe('options of a submit', () => {
  test('nothing given is: now, with the contract’s queue and expiry, a reply wanted', () => {
    expect(compileSubmit({}, NOW)).toEqual({
      queue: undefined,
      priority: undefined,
      delayMs: 0,
      eta: null,
      expiresAt: null,
      timeLimit: undefined,
      retry: undefined,
      key: undefined,
      unique: undefined,
      userId: null,
      awaitReply: true,
      parentId: null,
      rootId: null,
      retriedFrom: null,
      tags: [],
      scheduledFor: undefined,
    });
    expect(compileSubmit({}, NOW, contract({ expires: '5s' })).expiresAt).toBe(NOW + 5000);
  });

  test('times become absolute', () => {
    expect(compileSubmit({ delay: '2m' }, NOW)).toMatchObject({ delayMs: 120_000, eta: NOW + 120_000 });
    expect(compileSubmit({ eta: new Date(NOW + 5) }, NOW)).toMatchObject({ delayMs: 5, eta: NOW + 5 });
    expect(compileSubmit({ eta: new Date(NOW - 5) }, NOW)).toMatchObject({ delayMs: 0, eta: NOW - 5 });
    expect(compileSubmit({ delay: 0 }, NOW)).toMatchObject({ delayMs: 0, eta: null });
    expect(compileSubmit({ expires: 3 }, NOW, contract({ expires: '9s' })).expiresAt).toBe(NOW + 3000);
    expect(compileSubmit({ expires: new Date(NOW + 7) }, NOW, contract({ expires: '9s' })).expiresAt).toBe(NOW + 7);
    expect(compileSubmit({ timeLimit: '1m' }, NOW).timeLimit).toEqual([60, null]);
    expect(compileSubmit({ timeLimit: 2, softTimeLimit: '500ms' }, NOW).timeLimit).toEqual([2, 0.5]);
  });

  test.each<[string, object]>([
    ['queue', { queue: '' }],
    ['queue', { queue: 'a b' }],
    ['queue', { queue: 'x'.repeat(201) }],
    ['queue', { queue: 7 }],
    ['queue', { queue: 'amq.gen-x' }],
    ['queue', { queue: 'celeryev' }],
    ['queue', { queue: 'celeryev.0b' }],
    ['queue', { queue: 'celery.pidbox' }],
    ['queue', { queue: 'w1.celery.pidbox' }],
    ['queue', { queue: '0199f0a0-0000-4000-8000-000000000000' }],
    ['priority', { priority: 11 }],
    ['priority', { priority: -1 }],
    ['priority', { priority: 1.5 }],
    ['priority', { priority: '5' }],
    ['priority', { priority: null }],
    ['delay', { delay: 'soon' }],
    ['delay', { delay: -1 }],
    ['delay', { delay: '500000w' }],
    ['eta', { delay: 1, eta: new Date(NOW) }],
    ['eta', { eta: new Date(NaN) }],
    ['eta', { eta: '2026-01-01' }],
    ['expires', { expires: new Date(NaN) }],
    ['expires', { expires: 1e15 }],
    ['expires', { expires: 0 }],
    ['expires', { expires: new Date(NOW) }],
    ['expires', { expires: new Date(NOW - 1) }],
    ['expires', { delay: 10, expires: 10 }],
    ['expires', { eta: new Date(NOW + 10), expires: new Date(NOW + 10) }],
    ['retry', { retry: 3 }],
    ['retry.maxAttempts', { retry: { maxAttempts: 0 } }],
    ['retry.atempts', { retry: { atempts: 2 } }],
    ['retry.errors.Slow.delay', { retry: { errors: { Slow: { delay: -1 } } } }],
    ['retry.maxDelay', { retry: { maxDelay: '100ms' } }],
    ['retry', { retry: { on: Array(500).fill('x'.repeat(10)) } }],
    ['timeLimit', { timeLimit: 0 }],
    ['softTimeLimit', { timeLimit: 1, softTimeLimit: 1 }],
    ['idempotencyKey', { idempotencyKey: '' }],
    ['idempotencyKey', { idempotencyKey: 'k'.repeat(256) }],
    ['idempotencyKey', { idempotencyKey: 'a\u0000b' }],
    ['userId', { userId: 'me' }],
    ['parentId', { parentId: ID.toUpperCase() }],
    ['rootId', { rootId: '' }],
    ['retriedFrom', { retriedFrom: 'x' }],
    ['scheduledFor', { scheduledFor: new Date(NaN) }],
    ['prio', { prio: 1 }],
  ])('%s of %j is refused by name', (option, options) => {
    let caught: unknown;
    try {
      compileSubmit(options as SubmitOptions, NOW);
    } catch (error) {
      caught = error;
    }
    expect(hasCode(caught, 'submit_options_invalid')).toBe(true);
    expect(caught).toMatchObject({ option });
  });

  test('a priority is a whole number from 0 to 9, whatever is given; it wins over the contract’s', () => {
    const given = fc.oneof(fc.integer({ min: -3, max: 12 }), fc.double(), fc.anything());
    const contracts = fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined });
    fc.assert(
      fc.property(given, contracts, (priority, ofContract) => {
        const right = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].includes(priority as number);
        const compile = () =>
          compileSubmit({ priority } as SubmitOptions, NOW, contract({ priority: ofContract })).priority;
        if (priority === undefined) expect(compile()).toBe(ofContract);
        else if (right) expect(compile()).toBe(priority === 0 ? 0 : priority);
        else expect(compile).toThrow(expect.objectContaining({ code: 'submit_options_invalid', option: 'priority' }));
      }),
    );
  });

  test('whatever is given, it is compiled to finite times that Postgres can keep, or refused', () => {
    const anything = fc.record(
      {
        delay: fc.oneof(fc.double(), fc.string(), fc.integer()),
        eta: fc.oneof(fc.date({ noInvalidDate: false }), fc.anything()),
        expires: fc.oneof(fc.double(), fc.date({ noInvalidDate: false })),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anything, (options) => {
        try {
          const { delayMs, eta, expiresAt } = compileSubmit(options as SubmitOptions, NOW);
          expect(delayMs >= 0 && delayMs < 2.6e14).toBe(true);
          for (const at of [eta, expiresAt])
            if (at !== null) expect(new Date(at).getUTCFullYear()).toBeLessThan(10_000);
        } catch (error) {
          expect(hasCode(error, 'submit_options_invalid')).toBe(true);
        }
      }),
    );
  });
});
