import { z } from 'zod';
import { ContractRegistry, defineTask, type TaskDefinition } from './contract.ts';
import { ContractUnknownError, DeclaredError, DefinitionError, InputInvalidError } from './errors.ts';

type Any = TaskDefinition<string, z.ZodObject, z.ZodType, z.ZodType, Record<string, z.ZodType>>;
const base = { name: 'math.divide', input: z.strictObject({ x: z.number(), y: z.number() }), output: z.number() };
const define = (over: Record<string, unknown>) => defineTask({ ...base, ...over } as Any);

describe('defineTask', () => {
  it('gives a frozen contract with everything filled in', () => {
    const contract = defineTask({ ...base, errors: { DivisionByZero: z.object({ x: z.number() }) } });
    expect(contract).toMatchObject({ name: 'math.divide', version: 1, positional: ['x', 'y'], summary: undefined });
    expect(contract.options.queue).toBe('default');
    expect(contract.progress).toBeInstanceOf(z.ZodNever);
    expect(Object.isFrozen(contract)).toBe(true);
  });

  it.each(['a.b', 'math.divide', 'a1.b_2.c3', 'text.process_word'])('takes the name %p', (name) => {
    expect(define({ name }).name).toBe(name);
  });

  it.each([
    '',
    'add',
    'Math.add',
    'math.',
    '.add',
    'math..add',
    'math.1',
    '1.a',
    'math add',
    'math.add\n',
    'a.é',
    7,
    undefined,
  ])('refuses the name %p', (name) => {
    expect(() => define({ name })).toThrow(DefinitionError);
    expect(() => define({ name })).toThrow(/a name is lower case with at least one dot/);
  });

  it('refuses a name that is too long', () => {
    expect(() => define({ name: `a.${'b'.repeat(199)}` })).toThrow(/at most 200/);
  });

  it.each([
    [{ version: 0 }, /version must be a whole number from 1/],
    [{ version: 1.5 }, /version/],
    [{ input: z.number() }, /input must be an object schema/],
    [{ input: undefined }, /input must be an object schema/],
    [{ output: undefined }, /output must be a schema/],
    [{ output: 'number' }, /output must be a schema/],
    [{ progress: {} }, /progress must be a schema/],
    [{ errors: { Bad: 'x' } }, /errors\.Bad must be a schema/],
    [{ errors: { 'not a name': z.object({}) } }, /errors\.not a name: an error's name is/],
    [{ errors: { __proto__: null, toString: 3 } }, /errors\.toString must be a schema/],
    [{ defaults: { retry: { maxAttempts: 0 } } }, /^task "math\.divide": defaults\.retry\.maxAttempts: 0/],
    [{ defaults: { que: 'x' } }, /defaults\.que: unknown option; did you mean queue\?/],
  ] as [Record<string, unknown>, RegExp][])('refuses %# with a word on what is wrong', (over, message) => {
    expect(() => define(over)).toThrow(expect.objectContaining({ code: 'contract_invalid' }));
    expect(() => define(over)).toThrow(message);
  });
});

describe('declared errors', () => {
  const contract = defineTask({
    ...base,
    errors: { DivisionByZero: z.object({ x: z.coerce.number() }), Plain: z.object({}) },
  });

  it('carry type and validated data', () => {
    const error = contract.error('DivisionByZero', { x: '7' as unknown as number }, 'by zero');
    expect(error).toBeInstanceOf(DeclaredError);
    expect(error).toMatchObject({
      ...{ code: 'declared_error', type: 'DivisionByZero', name: 'DivisionByZero', message: 'by zero', data: { x: 7 } },
    });
    expect(contract.error('Plain', {}).message).toBe('Plain');
  });

  it('refuse data that does not fit', () => {
    const attempt = () => contract.error('DivisionByZero', { x: 'seven' } as never);
    expect(attempt).toThrow(InputInvalidError);
    expect(attempt).toThrow(/math\.divide\.DivisionByZero: data\.x: /);
  });

  it.each(['Other', 'toString', '__proto__', 'constructor'])(
    'refuse the undeclared %p, naming those that are',
    (type) => {
      const attempt = () => contract.error(type as never, {} as never);
      expect(attempt).toThrow(DefinitionError);
      expect(attempt).toThrow(/declares no error.*DivisionByZero, Plain/);
    },
  );
});

describe('ContractRegistry', () => {
  const a = define({ name: 'b.a' });
  const b = define({ name: 'a.b' });

  it('finds by name and lists by name', () => {
    const registry = new ContractRegistry([a, b, a]);
    expect(registry.find('b.a')).toBe(a);
    expect(registry.get('a.b')).toBe(b);
    expect(registry.list()).toEqual([b, a]);
    expect(registry.find('toString')).toBeUndefined();
  });

  it('tells an unknown name', () => {
    expect(() => new ContractRegistry([]).get('no.such')).toThrow(ContractUnknownError);
    expect(() => new ContractRegistry([]).get('no.such')).toThrow(/"no\.such".*GET \/api\/contracts/);
  });

  it('refuses two contracts of one name', () => {
    expect(() => new ContractRegistry([a, define({ name: 'b.a' })])).toThrow(/two contracts are named "b\.a"/);
  });
});
