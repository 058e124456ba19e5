import { describe, expect, test } from '@jest/globals';
import { PostgresBroker } from './postgres-broker.ts';
import { noLog } from './testing/brokers.ts';

describe('options of the embedded broker', () => {
  test.each(['connectTimeoutMs', 'pollMs', 'silenceMs', 'maxMessageBytes', 'deadLetterLimit'])(
    '%s must be a whole number of 1 or more',
    (name) => {
      for (const value of [0, -1, 1.5, Number.NaN, Infinity])
        expect(() => new PostgresBroker({ url: 'postgres://h/d', log: noLog, [name]: value })).toThrow(
          `${name} must be a whole number of 1 or more`,
        );
    },
  );

  test('the URL is shown without secrets', () => {
    const shown = (url: string): string => new PostgresBroker({ url, log: noLog }).displayUrl;
    expect(shown('postgres://ann:s3cret@db:5433/app')).toBe('postgres://ann:***@db:5433/app');
    expect(shown('postgres://db/app?password=s3cret&sslmode=require')).toBe('postgres://db/app');
    expect(shown('s3cret')).not.toContain('s3cret');
  });
});
