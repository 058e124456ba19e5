import type { ScheduleDocument } from '@lovage/http-api';
import { bodyOf, durationText, formOf, NEW_SCHEDULE } from './schedule-form.ts';

const schedule = {
  ...{
    name: 'a.b',
    contract: 'math.add',
    cron: null,
    timeZone: null,
    every: 5_400,
    catchUp: { all: 3 },
    enabled: false,
  },
  options: {
    ...{ queue: 'q', expires: '2h', timeLimit: 30, softTimeLimit: null, priority: 0 },
    unique: { by: ['x'] } as ScheduleDocument['options']['unique'],
  },
} as ScheduleDocument;

test('a schedule as it stands is the same again when nothing was typed', () => {
  expect(bodyOf(formOf(schedule), { x: 1 }, schedule.options.unique)).toEqual({
    ...{ name: 'a.b', contract: 'math.add', input: { x: 1 }, every: '90m', catchUp: { all: 3 }, enabled: false },
    options: { queue: 'q', priority: 0, expires: '2h', timeLimit: 30, unique: { by: ['x'] } },
  });
  const cron = { ...schedule, cron: '@daily', timeZone: 'Asia/Tokyo', every: null, catchUp: 'skip' as const };
  expect(bodyOf(formOf(cron), null)).toMatchObject({ cron: '@daily', timeZone: 'Asia/Tokyo', catchUp: 'skip' });
});

test('what is left empty is left out; what is no number stays a text for the gateway to refuse', () => {
  const { options, ...rest } = bodyOf({ ...NEW_SCHEDULE, when: 'every', every: 'soon', priority: 'high' }, {});
  expect(options).toEqual({ priority: 'high' });
  expect(rest).toEqual({ name: '', input: {}, every: 'soon', catchUp: 'latest', enabled: true });
});

test.each([
  [3_600, '1h'],
  [90, '90s'],
  [5_400, '90m'],
  [86_400, '1d'],
  [1.5, '1500ms'],
])('%d s is %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
