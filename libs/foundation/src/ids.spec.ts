import fc from 'fast-check';
import { isUuid, newId, uuidFrom } from './ids.ts';

describe('ids', () => {
  it('are version 7, unlike each other, and sort by the time of making', () => {
    const ids = Array.from({ length: 5000 }, newId);
    expect(ids.every((id) => isUuid(id) && id[14] === '7')).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  it('derived from a text are the same in every process, for ever', () => {
    expect(uuidFrom('my-own-id')).toBe('24e85405-1d65-5eda-8267-1c94f5bedaac');
    expect(uuidFrom('')).toBe('919ad426-14b5-56e9-a65e-e5d8cc972a4a');
  });

  it('derived from different texts differ', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(isUuid(uuidFrom(a))).toBe(true);
        expect(uuidFrom(a) === uuidFrom(b)).toBe(a === b);
      }),
    );
  });

  it.each([
    ['427c3e43-ddba-40f8-856c-15dba0d00e28', true],
    ['427C3E43-DDBA-40F8-856C-15DBA0D00E28', false],
    ['{427c3e43-ddba-40f8-856c-15dba0d00e28}', false],
    ['427c3e43ddba40f8856c15dba0d00e28', false],
    ['427c3e43-ddba-40f8-856c-15dba0d00e28\n', false],
    ['', false],
  ])('%j as Postgres prints it: %p', (text, is) => expect(isUuid(text)).toBe(is));
});
