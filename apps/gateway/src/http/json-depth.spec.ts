import fc from 'fast-check';
import { isDeeperThan } from './json-depth.ts';

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
