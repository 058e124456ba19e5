import fc from 'fast-check';
import { closest } from './closest.ts';

const known = ['queue', 'retry', 'softTimeLimit', 'timeLimit', 'expires', 'maxAttempts', 'delay', 'on'];

describe('closest', () => {
  it.each([
    ['que', 'queue'],
    ['quuee', 'queue'],
    ['timelimit', 'timeLimit'],
    ['retries', 'retry'],
    ['attempts', 'maxAttempts'],
    ['dealy', 'delay'],
    ['expire', 'expires'],
    ['no', undefined],
    ['x', undefined],
    ['', undefined],
    ['colour', undefined],
  ])('%p may be %p', (mistyped, meant) => expect(closest(mistyped, known)).toBe(meant));

  it('finds a name whatever single letter of it was changed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...known.slice(0, -1)),
        fc.nat(20),
        fc.stringMatching(/^[a-z]$/),
        (name, at, character) => {
          const i = at % name.length;
          expect(closest(name.slice(0, i) + character + name.slice(i + 1), known)).toBe(name);
        },
      ),
    );
  });

  it('answers for any text, however long', () => {
    fc.assert(fc.property(fc.string(), (text) => expect([...known, undefined]).toContain(closest(text, known))));
    expect(closest('x'.repeat(1e6), known)).toBeUndefined();
  });
});
