import { causeLines, errorLine, stackWithCauses } from './error-text.ts';
import { errorDetails } from './foreign.ts';

const refused = Object.assign(new Error('connect failed'), { code: 'ECONNREFUSED' });
const details = errorDetails(
  new TypeError('fetch failed', { cause: new AggregateError([refused, 'text'], 'all failed') }),
);

test('causes are told a line each, with codes that the messages do not tell', () => {
  expect(errorLine(details)).toBe('TypeError: fetch failed');
  expect(causeLines(details)).toEqual([
    'AggregateError: all failed',
    'Error [ECONNREFUSED]: connect failed',
    'Error: text',
  ]);
  expect(errorLine({ type: 'E', message: 'ENOENT: no such file', code: 'ENOENT' })).toBe('E: ENOENT: no such file');
});

test('a stack goes on with those of the causes', () => {
  const text = stackWithCauses(details)!;
  expect(text).toMatch(/^TypeError: fetch failed\n {4}at /);
  expect(text).toMatch(/\ncaused by: AggregateError: all failed\n {4}at /);
  expect(text).toContain('\ncaused by: Error [ECONNREFUSED]: connect failed\n    at ');
  expect(stackWithCauses({ type: 'Refused', message: 'no' })).toBeUndefined();
});
