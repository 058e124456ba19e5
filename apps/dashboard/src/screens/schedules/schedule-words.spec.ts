import { catchUpInWords, whenInWords, reasonNot } from './schedule-words.ts';

const cron = (text: string, timeZone = 'UTC') => whenInWords({ cron: text, every: null, timeZone });

test('a schedule says in words when it fires', () => {
  expect(whenInWords({ cron: null, every: 3_600, timeZone: null })).toBe('Every 1 h');
  expect(cron('0 7 * * MON-FRI', 'Europe/Stockholm')).toBe('At 07:00, Monday through Friday (Europe/Stockholm)');
  expect(cron('*/10 * * * * *')).toBe('Every 10 seconds (UTC)');
  expect(cron('0 9 * * 5#2')).toBe('At 09:00, on the second Friday of the month (UTC)');
  expect(cron('@hourly')).toBe('Every hour (UTC)');
  expect(cron('<script>')).toBe('<script> (UTC)');
});

test('and why it does not, and what becomes of what it missed', () => {
  const fires = { paused: null, enabled: true, stated: true, source: 'code' as const };
  expect(reasonNot(fires)).toBeUndefined();
  expect(reasonNot({ ...fires, paused: { at: '2026-11-29T00:00:00.000Z', actor: null }, stated: false })).toBe(
    'Paused',
  );
  expect(reasonNot({ ...fires, stated: false })).toBe('No beat that runs has it in its code');
  expect(reasonNot({ ...fires, source: 'api', stated: false })).toBeUndefined();
  expect(reasonNot({ ...fires, source: 'api', enabled: false })).toBe('Switched off');
  expect(catchUpInWords({ all: 3 })).toBe('the newest 3 fire');
});
