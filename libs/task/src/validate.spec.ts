import { z } from 'zod';
import { defineTask } from './contract.ts';
import { InputInvalidError, OutputInvalidError } from './errors.ts';
import { validateInput, validateOutput, validateProgress } from './validate.ts';

const contract = defineTask({
  name: 'shop.order',
  input: z.strictObject({
    x: z.number(),
    items: z.array(z.strictObject({ name: z.string() })).default([]),
    pick: z.union([z.strictObject({ a: z.number() }), z.strictObject({ b: z.string() })]).optional(),
  }),
  output: z.strictObject({ total: z.number() }),
  progress: z.strictObject({ percent: z.number().max(100) }),
});
const issuesOf = (input: unknown) => {
  try {
    validateInput(contract, input);
  } catch (error) {
    return (error as InputInvalidError).issues;
  }
  return [];
};

describe('validateInput', () => {
  it('gives the input as the handler gets it', () => {
    expect(validateInput(contract, { x: 1 })).toEqual({ x: 1, items: [] });
  });

  it('names each wrong field by its path', () => {
    const paths = issuesOf({ x: 'a', items: [{ name: 1 }, 'b'] }).map(({ path }) => path);
    expect(paths).toEqual(['input.x', 'input.items.0.name', 'input.items.1']);
    expect(issuesOf({}).map(({ path }) => path)).toEqual(['input.x']);
  });

  it('names unknown fields where they stand', () => {
    expect(issuesOf({ x: 1, y: 2 })).toEqual([{ path: 'input.y', message: 'unknown field' }]);
    expect(issuesOf({ x: 1, y: 2, z: 3 })).toEqual([{ path: 'input', message: 'unknown fields: "y", "z"' }]);
    expect(issuesOf({ x: 1, items: [{ name: 'a', extra: 1 }] })[0]!.path).toBe('input.items.0.extra');
  });

  it.each([null, [], 'x', 7, undefined])('refuses %j as a whole', (input) => {
    expect(issuesOf(input)).toMatchObject([{ path: 'input' }]);
  });

  it('tells a contract, a code and every issue in its error', () => {
    const attempt = () => validateInput(contract, { x: 'a', y: 1 });
    expect(attempt).toThrow(expect.objectContaining({ code: 'input_invalid', contract: 'shop.order' }));
    expect(attempt).toThrow(/^input of shop\.order: input\.x: .+; input\.y: unknown field$/);
  });

  it('never lets a hostile key reach a prototype', () => {
    const hostile: unknown = JSON.parse('{"x":1,"__proto__":{"polluted":true}}');
    expect(issuesOf(hostile)).toEqual([{ path: 'input.__proto__', message: 'unknown field' }]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('validateOutput and validateProgress', () => {
  it('let through what fits', () => {
    expect(validateOutput(contract, { total: 1 })).toEqual({ total: 1 });
    expect(validateProgress(contract, { percent: 10 })).toEqual({ percent: 10 });
  });

  it('blame the handler otherwise', () => {
    expect(() => validateOutput(contract, { total: 'much' })).toThrow(OutputInvalidError);
    expect(() => validateOutput(contract, undefined)).toThrow(
      /shop\.order returned what its contract does not allow: output: /,
    );
    expect(() => validateProgress(contract, { percent: 101 })).toThrow(/progress\.percent: /);
    expect(() => validateProgress(contract, { percent: 1 })).not.toThrow();
  });

  it('refuse progress of a contract that declares none', () => {
    const silent = defineTask({ name: 'a.b', input: z.object({}), output: z.null() });
    expect(() => validateProgress(silent, {})).toThrow(OutputInvalidError);
  });
});
