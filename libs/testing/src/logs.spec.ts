import { RecordingLog } from './logs.ts';

test('keeps lines with the fields of their ancestors, and tells of each', async () => {
  const log = new RecordingLog();
  const next = log.logged.next();
  log.child({ task: 'a' }).warn({ attempt: 2 }, 'careful');
  expect(log.entries).toEqual([{ level: 'warn', fields: { task: 'a', attempt: 2 }, message: 'careful' }]);
  expect(await next).toBe(log.entries[0]);
});
