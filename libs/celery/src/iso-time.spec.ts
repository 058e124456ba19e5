import fc from 'fast-check';
import { isoTime, parseIsoTime } from './iso-time.ts';

describe('times on the wire', () => {
  it('are written with six fraction digits and an offset, and read back to the millisecond', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0001-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59.999Z'),
          noInvalidDate: true,
        }),
        (date) => {
          const text = isoTime(date.getTime());
          expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
          expect(parseIsoTime(text)).toBe(date.getTime());
        },
      ),
    );
  });

  it.each([
    ['2026-11-20T22:52:26.226365+00:00', '2026-11-20T22:52:26.226Z'],
    ['2030-01-01T00:00:00+00:00', '2030-01-01T00:00:00.000Z'],
    ['2030-01-01T00:00:00Z', '2030-01-01T00:00:00.000Z'],
    ['2030-01-01T02:30:00+02:30', '2030-01-01T00:00:00.000Z'],
    ['2029-12-31T19:00:00-0500', '2030-01-01T00:00:00.000Z'],
    ['2026-11-20T23:05:33.592113', '2026-11-20T23:05:33.592Z'],
    ['2030-01-01 00:00', '2030-01-01T00:00:00.000Z'],
    ['2030-01-01', '2030-01-01T00:00:00.000Z'],
    ['2030-02', '2030-02-01T00:00:00.000Z'],
    ['0099-01-01T00:00:00Z', '0099-01-01T00:00:00.000Z'],
    ['2028-02-29T00:00:00.5Z', '2028-02-29T00:00:00.500Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(parseIsoTime(text)!).toISOString()).toBe(expected);
  });

  it.each([
    '',
    'tomorrow',
    '2030',
    '2030-13-01',
    '2030-02-30',
    '2027-02-29',
    '2030-01-01T24:00:00Z',
    '2030-01-01T00:60:00Z',
  ])('%p is none', (text) => expect(parseIsoTime(text)).toBeUndefined());

  it.each([
    '2030-01-01T00:00:00+24:00',
    '0000-12-31',
    '9999-12-31T23:59:59-01:00',
    '2030-01-01T00:00:00+00:60',
    '2030-01-01T00:00:00.1234567890Z',
    '12030-01-01',
  ])('%p is none either', (text) => expect(parseIsoTime(text)).toBeUndefined());

  it('any text is a time or is not, but never an error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-0-9T:.Z+ ]{0,30}$/)), (text) => {
        const ms = parseIsoTime(text);
        expect(ms === undefined || Number.isFinite(ms)).toBe(true);
      }),
    );
  });
});
