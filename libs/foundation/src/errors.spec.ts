import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { hasCode, LovageError, toError } from './errors.ts';

class Sample extends LovageError {
  readonly code = 'sample';
}

describe('LovageError', () => {
  it('has the name of its class, a code and a cause', () => {
    const error = new Sample('what happened', { cause: 'why' });
    expect(error).toMatchObject({ name: 'Sample', code: 'sample', message: 'what happened', cause: 'why' });
  });

  it('is told apart by its code', () => {
    expect(hasCode(new Sample('x'), 'sample')).toBe(true);
    expect(hasCode(new Sample('x'), 'other')).toBe(false);
    expect(hasCode({ code: 'sample' }, 'sample')).toBe(false);
    expect(hasCode(undefined, 'sample')).toBe(false);
  });
});

describe('toError', () => {
  it('returns an error as it is, also one of another realm', () => {
    const error = new TypeError('x');
    expect(toError(error)).toBe(error);
    const foreign = runInNewContext('Object.assign(new Error("far"), { code: "E_FAR" })') as Error;
    expect(toError(foreign)).toBe(foreign);
    expect(hasCode(foreign, 'E_FAR')).toBe(true);
  });

  it('makes an error of anything else', () => {
    const circular: unknown[] = [];
    circular.push(circular);
    expect(toError('a text').message).toBe('a text');
    expect(toError({ a: 1 }).message).toBe('a non-error was thrown: {"a":1}');
    expect(toError(undefined).message).toBe('a non-error was thrown: undefined');
    expect(toError(circular).message).toBe('a non-error was thrown: ["[circular]"]');
    expect(toError(5n).message).toBe('a non-error was thrown: 5');
  });

  it('never throws itself', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true }), (thrown) => {
        expect(toError(thrown)).toBeInstanceOf(Error);
      }),
    );
  });
});
