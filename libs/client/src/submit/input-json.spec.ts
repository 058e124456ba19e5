import { hasCode } from '@lovage/foundation';
import { inputJson } from './prepare.ts';

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i += 1) value = i % 2 ? [value] : { value };
  return value;
}

describe('JSON text of an input', () => {
  test('is what JSON.stringify writes', () => {
    const input = { x: 1, y: [null, 'é\u0000\ud800'], z: { when: new Date(0) }, constructor: 'x' };
    expect(inputJson('test.task', input)).toBe(JSON.stringify(input));
    expect(inputJson('test.task', nested(64))).toBe(JSON.stringify(nested(64)));
  });

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  test.each<[string, unknown]>([
    ['input.a.0.__proto__', { a: [JSON.parse('{"__proto__":{}}')] }],
    ['input.constructor', { constructor: { prototype: 1 } }],
    ['input.x', { x: 1n }],
    ['input.x.0', { x: [NaN] }],
    ['input.m', { m: new Map() }],
    ['input.at', { at: new Date(NaN) }],
    ['input.f', { f: () => 1 }],
    ['input', { text: 'x'.repeat(5_000_000) }],
  ])('refuses at %s what a worker would not take', (path, input) => {
    let caught: unknown;
    try {
      inputJson('test.task', input);
    } catch (error) {
      caught = error;
    }
    expect(hasCode(caught, 'input_invalid')).toBe(true);
    expect((caught as { issues: { path: string }[] }).issues[0]!.path).toBe(path);
  });

  test.each([
    ['too deep', nested(65)],
    ['cyclic', cyclic],
    ['far too deep', nested(50_000)],
  ])('refuses what is %s', (_name, input) => {
    expect(() => inputJson('test.task', input)).toThrow(/nested deeper than 64/);
  });
});
