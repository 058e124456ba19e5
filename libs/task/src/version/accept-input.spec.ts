import { z } from 'zod';
import { defineTask } from '../contract.ts';
import { InputInvalidError, InputMisfitError } from '../errors.ts';
import { acceptInput } from './accept-input.ts';
import { readStamp, stampOf } from './stamp.ts';

const first = defineTask({ name: 'shop.pay', input: z.strictObject({ cents: z.int() }), output: z.null() });
const third = defineTask({
  name: 'shop.pay',
  version: 3,
  migrate: {
    1: (old: { cents: number }) => ({ amount: old.cents / 100 }),
    2: (old: { amount: number }) => ({ amount: String(old.amount), currency: 'EUR' }),
  },
  input: z.strictObject({ amount: z.string(), currency: z.string() }),
  output: z.null(),
});
const misfit = (input: Record<string, unknown>, stamp: string | null, contract = third) => {
  try {
    acceptInput(contract, input, stamp);
  } catch (error) {
    return error as InputMisfitError;
  }
  throw new Error('it was accepted');
};

describe('an input of another version', () => {
  it('is migrated step by step', () => {
    expect(acceptInput(third, { cents: 150 }, first.stamp)).toEqual({ amount: '1.5', currency: 'EUR' });
    expect(acceptInput(third, { amount: 2 }, stampOf(2, 'a'.repeat(16)))).toEqual({ amount: '2', currency: 'EUR' });
  });

  it('of this schema comes back as it is', () => {
    const input = { amount: '1', currency: 'USD' };
    expect(acceptInput(third, input, third.stamp)).toBe(input);
    expect(() => acceptInput(third, { amount: 1 }, third.stamp)).toThrow(InputInvalidError);
    expect(misfit({ amount: 1 }, third.stamp)).not.toBeInstanceOf(InputMisfitError);
  });

  it('that is newer is a misfit, even where it would pass', () => {
    expect(misfit({ cents: 1 }, third.stamp, first as never)).toMatchObject({
      ...{ name: 'InputInvalidError', code: 'input_invalid', reason: 'newer', here: first.stamp },
      madeFor: { version: 3, fingerprint: third.fingerprint },
      message: 'input of shop.pay: input: made for version 3; here is version 1',
    });
  });

  it('without a rule is a misfit, even where it would pass: its meaning is not known', () => {
    const second = defineTask({ ...first, version: 2, migrate: undefined });
    expect(misfit({ cents: 1 }, first.stamp, second as never)).toMatchObject({ reason: 'no_rule' });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no rate');
      },
      /rule from version 1 to 2 failed: Error: no rate/,
    ],
    [
      'throws what cannot be read',
      () => {
        throw {
          get message() {
            throw new Error('x');
          },
        };
      },
      /rule from version 1 to 2 failed/,
    ],
    ['answers nothing', () => undefined, /it answered no object/],
    ['answers what does not fit', () => ({ other: 1 }), /input\.other: unknown field/],
  ] as [string, () => never, RegExp][])('is a misfit where its rule %s', (_, rule, message) => {
    const bad = defineTask({ ...first, version: 2, migrate: { 1: rule } });
    expect(misfit({ cents: 1 }, first.stamp, bad as never)).toMatchObject({
      reason: 'rule_failed',
      message: expect.stringMatching(message) as string,
    });
  });

  it('is not written into by a rule', () => {
    const greedy = defineTask({
      ...{ name: 'a.b', version: 2, output: z.null(), input: z.strictObject({ list: z.array(z.number()) }) },
      migrate: { 1: (old: { list: number[] }) => (old.list.push(9), old) },
    });
    const input = { list: [1] };
    expect(acceptInput(greedy, input, stampOf(1, null))).toEqual({ list: [1, 9] });
    expect(input).toEqual({ list: [1] });
  });

  it('of this version but another schema runs if it fits', () => {
    const stamp = stampOf(3, 'b'.repeat(16));
    const input = { amount: '1', currency: 'USD' };
    expect(acceptInput(third, input, stamp)).toBe(input);
    expect(misfit({ ...input, note: 'x' }, stamp)).toMatchObject({
      reason: 'other_schema',
      issues: [{ path: 'input.note', message: 'unknown field' }],
    });
  });
});

describe('an input that states no version', () => {
  it('is checked as it is; no rule is tried on it', () => {
    expect(acceptInput(third, { amount: '1', currency: 'USD' }, null)).toEqual({ amount: '1', currency: 'USD' });
    expect(misfit({ cents: 150 }, null)).toMatchObject({ reason: 'unstated', madeFor: null });
    expect(misfit({ cents: 150 }, 'no stamp')).toMatchObject({ reason: 'unstated' });
  });

  it('is plainly invalid where there never was another version', () => {
    expect(misfit({ pence: 1 }, null, first as never)).not.toBeInstanceOf(InputMisfitError);
  });
});

describe('a stamp', () => {
  it('is read back', () => {
    expect(readStamp(third.stamp)).toEqual({ version: 3, fingerprint: third.fingerprint });
    expect(readStamp('7:')).toEqual({ version: 7, fingerprint: null });
  });

  it.each([null, undefined, 3, '', ':', '0:', '1', '1:xyz', '-1:', '1:0123456789ABCDEF', '9999999999:', ` 1:`, {}])(
    'is not %j',
    (value) => {
      expect(readStamp(value)).toBeUndefined();
    },
  );
});

describe('rules of a contract', () => {
  it.each([
    [{ 0: (old: unknown) => old }, /migrate: "0" is no version/],
    [{ one: (old: unknown) => old }, /migrate: "one" is no version/],
    [{ 2: (old: unknown) => old }, /migrate: 2: the contract is of version 2/],
    [{ 1: 'x' }, /migrate: 1: must be a function/],
    [[], /migrate: must be an object of functions/],
  ])('%# that cannot be are refused', (migrate, message) => {
    expect(() => defineTask({ ...first, version: 2, migrate } as never)).toThrow(message);
  });
});
