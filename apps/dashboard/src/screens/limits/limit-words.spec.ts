import type { LimitDocument } from '@lovage/http-api';
import { bodyOf, effectOfRate, effectOfSlots, formOf, rateInWords, slotsInWords } from './limit-words.ts';

const limit: LimitDocument = {
  contract: 'test.sync',
  declared: { concurrency: 5, byKey: false, rate: '100/m', burst: 1, rateByKey: false },
  override: null,
  inForce: { concurrency: 5, rate: '100/m', burst: 1 },
  held: 5,
  waiting: 12,
  waitingForRate: 1,
  approximate: false,
};
const none = { kind: 'contract' } as const;
const form = { concurrency: none, rate: none, burst: '', keys: '' };

test('a change says what it does to what runs and to what waits', () => {
  expect(effectOfSlots(limit, 8)).toBe('3 tasks of the 12 that wait get slots at once, the longest-waiting first.');
  expect(effectOfSlots(limit, 2)).toBe(
    '5 tasks have slots and finish; nothing starts until fewer than 2 do. 12 tasks go on waiting.',
  );
  expect(effectOfSlots(limit, 0)).toBe(
    '5 tasks that have slots finish; nothing starts until it is changed again. 12 tasks go on waiting.',
  );
  expect(effectOfSlots(limit, null)).toBe('12 tasks that wait for a slot can start at once.');
  expect(effectOfSlots({ ...limit, waiting: 0, held: 1 }, 8)).toBe('Nothing waits for a slot. 7 will be free.');
  expect(effectOfRate(limit, '5/s')).toBe('1 task that waits for the rate is given new times, in the same order.');
  expect(effectOfRate(limit, null)).toBe('1 task that waits for the rate can start at once.');
  expect([
    slotsInWords(5, true),
    slotsInWords(0, false),
    rateInWords('10/s', 3, false),
    rateInWords(null, null, true),
  ]).toEqual([...['5 at once, for each value of its key', 'none starts', '10/s, 3 at once after a pause', 'no limit']]);
});

test('a form becomes a body, and says which field is wrong', () => {
  const value = (text: string) => ({ kind: 'value', value: text }) as const;
  expect(
    bodyOf({ concurrency: value('8'), rate: { kind: 'none' }, burst: '', keys: 'acme = 10\n\na=b = none' }),
  ).toEqual({
    body: { concurrency: 8, rate: null, keys: { acme: 10, 'a=b': null } },
  });
  expect(bodyOf({ ...form, rate: value('10/s'), burst: '3' })).toEqual({ body: { rate: '10/s', burst: 3 } });
  expect(bodyOf({ concurrency: value('-1'), rate: value('10'), burst: '0', keys: 'acme' })).toMatchObject({
    errors: {
      concurrency: expect.any(String),
      rate: expect.any(String),
      burst: expect.any(String),
      keys: expect.any(String),
    },
  });
  expect(bodyOf({ ...form, keys: '__proto__ = 1' })).toEqual({ body: { keys: JSON.parse('{"__proto__":1}') } });
  const override = { concurrency: null, keys: { acme: 0 }, rate: '3/s', burst: 7, at: '', actor: null, reason: null };
  expect(bodyOf(formOf({ ...limit, override }))).toEqual({
    body: { concurrency: null, rate: '3/s', burst: 7, keys: { acme: 0 } },
  });
});
