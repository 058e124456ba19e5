import fc from 'fast-check';
import { boundedJson, JsonTooLargeError, NotJsonError } from './bounded-json.ts';

const MIB = 1024 * 1024;
const json = (value: unknown, max = MIB) => boundedJson(value, max);
const refusal = (value: unknown): string => {
  try {
    return `taken: ${json(value)}`;
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error;
    return `${error.path} ${error.message}`;
  }
};

describe('boundedJson', () => {
  test('writes what JSON.stringify writes, of whatever JSON can carry', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(json(value)).toBe(JSON.stringify(value));
      }),
    );
    const odd = {
      at: new Date(0),
      url: new URL('http://a.example/'),
      buffer: Buffer.from('a'),
      boxed: [Object(1), Object('a'), Object(false)],
      absent: undefined,
      holes: [undefined, 1],
      self: { toJSON: () => ({ n: 1 }) },
      text: '\ud800 " \\ \u0001 é 🌿',
      '__proto__ ': 1,
      zero: -0,
    };
    expect(json(odd)).toBe(JSON.stringify(odd));
    expect(json(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
    expect(json(Object.assign([1], { toJSON: () => 'list' }))).toBe('"list"');
    expect(json(undefined)).toBe('null');
  });

  test.each([
    ['NaN', { a: [1, NaN] }, '.a.1 is NaN'],
    ['Infinity', -Infinity, ' is -Infinity'],
    ['a Map', { m: new Map() }, '.m is a Map'],
    ['a Set', [new Set()], '.0 is a Set'],
    ['a RegExp', /a/, ' is a RegExp'],
    ['an Error', { e: new TypeError('x') }, '.e is a Error'],
    ['a Promise', { p: Promise.resolve() }, '.p is a Promise'],
    ['bytes', new Uint8Array(3), ' is a Uint8Array'],
    ['an invalid date', { at: new Date(NaN) }, '.at is an invalid date'],
    ['a function', { f: () => 1 }, '.f is a function'],
    ['a symbol', { s: Symbol('s') }, '.s is a symbol'],
    ['a bigint', { n: 1n }, '.n is a bigint'],
    ['a boxed bigint', Object(1n), ' is a BigInt'],
    ['what toJSON gives', { x: { toJSON: () => NaN } }, '.x is NaN'],
  ])('refuses %s, with its path', (_, value, message) => {
    expect(refusal(value)).toContain(message);
  });

  test('refuses a circle and what is too deep in words of both; its path stays short', () => {
    const circle: Record<string, unknown> = {};
    circle['me'] = circle;
    expect(refusal(circle)).toMatch(/^\.me\.me.{0,300}… is circular, or nested deeper/);
    const growing = { toJSON: (): unknown => ({ ...growing }) };
    expect(refusal(growing)).toContain('is circular');
    // Wide and circular: no branch is walked twice.
    const wide: unknown[] = [];
    for (let i = 0; i < 10; i += 1) wide.push(wide);
    expect(refusal(wide)).toContain('is circular');
  });

  test('counts bytes exactly', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const bytes = Buffer.byteLength(JSON.stringify(value));
        // Primitives that need no measuring are shorter than any bound.
        if (typeof value !== 'object' && typeof value !== 'string') return;
        if (value === null) return;
        expect(boundedJson(value, bytes)).toBe(JSON.stringify(value));
        expect(() => boundedJson(value, bytes - 1)).toThrow(JsonTooLargeError);
      }),
    );
  });

  test.each([
    ['a text of 200 MiB', () => 'x'.repeat(200 * MIB)],
    ['150 MiB of quotes', () => ['"'.repeat(150 * MIB)]],
    ['a sparse array', () => Object.assign([], { length: 2 ** 32 - 1 })],
    ['a list of one large text many times', () => Array(1000).fill('x'.repeat(MIB))],
    ['a text that is escaped to six times its length', () => '\u0001'.repeat(MIB)],
    ['many small values', () => Array.from({ length: MIB }, (_, n) => ({ n }))],
    ['a toJSON that grows', () => ({ toJSON: () => Array(100).fill('y'.repeat(MIB)) })],
    ['keys', () => ({ ['k'.repeat(2 * MIB)]: 1 })],
  ])('gives up on %s without building it', (_, make) => {
    const value = make();
    const before = performance.now();
    expect(() => json(value)).toThrow(JsonTooLargeError);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  test('asks getters and toJSON once: what they say later cannot exceed the bound', () => {
    let asked = 0;
    const value = {
      get a() {
        asked += 1;
        return asked === 1 ? 'short' : 'x'.repeat(2 * MIB);
      },
    };
    expect(json(value)).toBe('{"a":"short"}');
    expect(asked).toBe(1);
  });
});
