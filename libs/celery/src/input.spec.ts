import fc from 'fast-check';
import { ArgumentsError, inputOf } from './input.ts';
import type { IncomingTask } from './task-message.ts';

const call = (args: unknown[], kwargs: Record<string, unknown>) => ({ name: 'math.add', args, kwargs }) as IncomingTask;

describe('inputOf', () => {
  it.each([
    [[], { x: 2, y: 3 }],
    [[2], { y: 3 }],
    [[2, 3], {}],
  ])('reads args %j with kwargs %j as one input', (args, kwargs) => {
    expect(inputOf(call(args, kwargs), ['x', 'y'])).toEqual({ x: 2, y: 3 });
  });

  it('leaves what is missing or unknown to the contract', () => {
    expect(inputOf(call([], {}), ['x'])).toEqual({});
    expect(inputOf(call([1], { z: 2 }), ['x'])).toEqual({ x: 1, z: 2 });
  });

  it("refuses too many arguments in Python's words", () => {
    const attempt = () => inputOf(call([1, 2, 3], {}), ['x', 'y']);
    expect(attempt).toThrow(ArgumentsError);
    expect(attempt).toThrow('math.add() takes 2 positional arguments but 3 were given');
    expect(() => inputOf(call([1], {}), [])).toThrow('math.add() takes 0 positional arguments but 1 was given');
    expect(() => inputOf(call([1, 2], {}), ['x'])).toThrow('math.add() takes 1 positional argument but 2 were given');
  });

  it("refuses an argument given twice in Python's words", () => {
    expect(() => inputOf(call([1], { x: 2 }), ['x', 'y'])).toThrow(
      expect.objectContaining({
        ...{ message: "math.add() got multiple values for argument 'x'", code: 'arguments_invalid', name: 'TypeError' },
      }),
    );
  });

  it('gives the same input however a call is split into positional and keyword arguments', () => {
    const names = fc.uniqueArray(
      fc.stringMatching(/^[a-z_]{1,8}$/).filter((name) => name !== '__proto__'),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(names, fc.nat(6), fc.array(fc.jsonValue(), { minLength: 6, maxLength: 6 }), (fields, cut, values) => {
        const first = Math.min(cut, fields.length);
        const kwargs = Object.fromEntries(fields.slice(first).map((name, i) => [name, values[first + i]]));
        const whole = Object.fromEntries(fields.map((name, i) => [name, values[i]]));
        expect(inputOf(call(values.slice(0, first), kwargs), fields)).toEqual(whole);
      }),
    );
  });
});
