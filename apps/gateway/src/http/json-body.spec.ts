import fc from 'fast-check';
import { findBadContents, isDeeperThan, isSuspicious } from './json-body.ts';

test('whatever the walk would find, the look at the text tells to walk', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\0', 'a\0', '\ud800', '\udfff', '__proto__', 'constructor', 'prototype'),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.array(fc.tuple(text, tie('value')), { maxLength: 3 }).map((members) => new Map(members)),
    ),
  }));
  fc.assert(
    fc.property(value, fc.boolean(), (made, escaped) => {
      const json = jsonOf(made, escaped ? inEscapes : JSON.stringify);
      // A lone surrogate or NUL reaches the parser only as an escape, since the body is UTF-8 and raw control characters are no JSON.
      const { forbiddenKeys, badTexts } = findBadContents(JSON.parse(json));
      if (forbiddenKeys.length + badTexts.length > 0) expect(isSuspicious(json)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('paths lead to what is bad', () => {
  const value = JSON.parse('{"a":[{"__proto__":1},{"b":"\\u0000"}],"constructor":{"prototype":{}}}') as unknown;
  expect(findBadContents(value)).toEqual({
    forbiddenKeys: ['a.0.__proto__', 'constructor'],
    badTexts: [{ path: 'a.1.b', message: expect.stringContaining('NUL') }],
  });
});

test.each(['"plain"', '{"constructor":"Ferrari"}', '{"prototype":{}}', '{"constructor":{"name":"x"}}', '"\u{1F600}"'])(
  '%s is fine',
  (json) => {
    expect(findBadContents(JSON.parse(json))).toEqual({ forbiddenKeys: [], badTexts: [] });
  },
);

/** JSON text of values in which maps stand for objects, so that any key can be had. */
function jsonOf(value: unknown, quote: (text: string) => string): string {
  if (value instanceof Map) {
    const members = [...(value as Map<string, unknown>)];
    return `{${members.map(([key, member]) => `${quote(key)}:${jsonOf(member, quote)}`).join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => jsonOf(item, quote)).join(',')}]`;
  return quote(value as string);
}

/** A JSON string with every UTF-16 unit as an escape. */
function inEscapes(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i).toString(16).padStart(4, '0'));
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
}

function depthOf(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test.each([
  ['[]', 0, true],
  ['[]', 1, false],
  ['[[]]', 1, true],
  ['[[],[],[]]', 2, false],
  ['{"a":{"b":[1]}}', 2, true],
  ['"[[[[[["', 0, false],
  ['"\\"[[[[[["', 0, false],
  ['["\\\\",[[]]]', 2, true],
  ['["\\\\\\"",[[]]]', 2, true],
  ['[["never closed', 2, false],
  ['', 5, false],
])('%s is deeper than %d: %s', (json, limit, expected) => {
  expect(isDeeperThan(json, limit)).toBe(expected);
});

test('it counts as the parser nests, whatever stands in the strings', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('[', '{', '"', '\\', '\\"', ']}', '\\\\"['));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      text,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.integer({ min: 0, max: 8 }), fc.boolean(), (made, limit, spaced) => {
      const json = JSON.stringify(made, null, spaced ? 2 : undefined);
      expect(isDeeperThan(json, limit)).toBe(depthOf(made) > limit);
    }),
    { numRuns: 2000 },
  );
});

test('a megabyte takes no time to speak of', () => {
  const hostile = [
    `"${'\\"'.repeat(500_000)}"`,
    `[${'"a",'.repeat(250_000)}1]`,
    `"${'\\\\'.repeat(500_000)}"`,
    '"'.repeat(1_000_000),
  ];
  const begun = performance.now();
  for (const json of hostile) isDeeperThan(json, 64);
  expect(performance.now() - begun).toBeLessThan(1000);
});
