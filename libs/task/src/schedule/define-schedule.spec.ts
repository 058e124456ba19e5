import { z } from 'zod';
import { defineTask } from '../contract.ts';
import { defineSchedule, storedSchedule, type ScheduleDefinition } from './define-schedule.ts';

const contract = defineTask({
  name: 'a.b',
  input: z.strictObject({ x: z.number(), at: z.union([z.string(), z.date()]).optional() }),
  output: z.null(),
});
const good = { name: 'reports.daily', contract, input: { x: 1 }, cron: '0 3 * * *' } as const;
const define = (change: object) =>
  defineSchedule({ ...good, ...change } as unknown as ScheduleDefinition<typeof contract>);

describe('defineSchedule', () => {
  it('fills in what is left out', () => {
    expect(defineSchedule(good)).toEqual({
      name: 'reports.daily',
      contract,
      input: { x: 1 },
      timing: { kind: 'cron', cron: '0 3 * * *', timeZone: 'UTC' },
      catchUp: 'latest',
      options: {},
      enabled: true,
    });
  });

  it('becomes plain JSON', () => {
    const schedule = define({ cron: undefined, every: '10s', catchUp: { all: 3 }, queue: 'q', expires: '1m' });
    const document = storedSchedule(schedule);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
    expect(document).toEqual({
      contract: 'a.b',
      input: { x: 1 },
      stamp: expect.stringMatching(/^1:[0-9a-f]{16}$/) as string,
      timing: { kind: 'every', everyMs: 10_000 },
      catchUp: { all: 3 },
      options: { queue: 'q', expires: '1m' },
    });
  });

  it.each([
    [{ name: 'Daily' }, 'lower case'],
    [{ name: '' }, 'lower case'],
    [{ name: 'x'.repeat(101) }, '100'],
    [{ input: { x: '1' } }, 'input.x'],
    [{ input: { x: 1, at: new Date(0) } }, 'plain JSON'],
    [{ input: { x: 1, at: undefined } }, 'plain JSON'],
    [{ every: '10s' }, 'either cron or every'],
    [{ cron: undefined }, 'either cron or every'],
    [{ cron: undefined, every: '10s', timeZone: 'UTC' }, 'belongs to cron'],
    [{ cron: undefined, every: '500ms' }, 'one second'],
    [{ cron: undefined, every: '367d' }, '366 days'],
    [{ cron: undefined, every: 'soon' }, 'every: not a duration'],
    [{ cron: '61 * * * *' }, 'minute: 61'],
    [{ cron: '* * * *' }, 'five, six'],
    [{ cron: '* * * * * * 2030' }, 'requires exactly 5 or 6'],
    [{ cron: '0 0 31 2 *' }, 'never comes'],
    [{ cron: '? * * * *' }, 'not understood'],
    [{ timeZone: 'Mars/Olympus' }, 'no IANA time zone'],
    [{ catchUp: 'some' }, 'catchUp'],
    [{ catchUp: { all: 0 } }, '1 to 1000'],
    [{ catchUp: { all: 1001 } }, '1 to 1000'],
    [{ enabled: 'yes' }, 'true or false'],
    [{ queue: 'no queue' }, 'queue'],
    [{ expires: 0 }, 'expires'],
    [{ timeLimit: '1s', softTimeLimit: '2s' }, 'softTimeLimit'],
    [{ timezone: 'UTC' }, 'timezone: unknown option'],
  ])('refuses %j, saying %j', (change, reason) => {
    expect(() => define(change)).toThrow(expect.objectContaining({ code: 'contract_invalid' }) as Error);
    expect(() => define(change)).toThrow(reason);
    expect(() => define(change)).toThrow('schedule "');
  });
});
