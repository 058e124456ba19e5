import { exitCodeOf } from './exit-codes.ts';
import { SettingError } from './setting-error.ts';

test('an error tells the exit code, also from within another', () => {
  expect(exitCodeOf(new SettingError([{ variable: 'X', is: 'y', expected: 'z' }]))).toBe(2);
  expect(exitCodeOf(new Error('no', { cause: Object.assign(new Error('x'), { code: 'broker_unavailable' }) }))).toBe(3);
  expect(exitCodeOf(Object.assign(new Error('x'), { code: 'EADDRINUSE' }))).toBe(4);
  expect(exitCodeOf(new Error('x'))).toBe(1);
  expect(exitCodeOf('thrown text')).toBe(1);
});
