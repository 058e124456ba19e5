import fc from 'fast-check';
import { expectLinear } from '@lovage/testing';
import { findMentions, nameKey } from './mentions.ts';

it.each([
  ['@ann', ['ann']],
  ['hello @ann, @ben and @cleo!', ['ann', 'ben', 'cleo']],
  ['(@ann) "@ben" @cleo: @dan; @eve?', ['ann', 'ben', 'cleo', 'dan', 'eve']],
  ['@ann.lee, @ben-o and @cleo_x. @dan... @eve-', ['ann.lee', 'ben-o', 'cleo_x', 'dan', 'eve']],
  ['@Ann and @ann and @ANN', ['Ann']],
  ['@Jürgen @日本 @e\u0301va @éva', ['Jürgen', '日本', 'e\u0301va']],
  ['write to ann@example.org or @ben@example.org', []],
  ['https://example.org/@ann and a@b and @@c', []],
  ['@ @. @- mail@ @', []],
  [`@${'a'.repeat(65)} @${'b'.repeat(64)}`, ['b'.repeat(64)]],
  ['line\n@ann\n@ben', ['ann', 'ben']],
  ['', []],
])('in %j: %j', (text, names) => {
  expect(findMentions(text)).toEqual(names);
});

it.each([
  ['a name that goes on and on', (n: number) => `@a${'.'.repeat(n)}b@`],
  ['dots at its end', (n: number) => `@a${'.'.repeat(n)}`],
  ['many names', (n: number) => '@a '.repeat(n / 3)],
  ['names within names', (n: number) => '@a@'.repeat(n / 3)],
  ['an @ in front of nothing', (n: number) => '@'.repeat(n)],
  ['paths', (n: number) => '@a/'.repeat(n / 3)],
])('the time it takes grows as the text does: %s', (_what, text) => {
  expectLinear(text, findMentions);
});

const name = fc.stringMatching(/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,20}[A-Za-z0-9_])?$/);
const between = fc.constantFrom(' ', '\n', ', ', ' (', ') ', '. ', '! ', ' — ', ': ');

it('finds every name that is mentioned, each once, and no other', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(between, name)), (parts) => {
      const text = parts.map(([gap, mentioned]) => `${gap}@${mentioned}`).join('');
      const expected = [...new Map(parts.toReversed().map(([, mentioned]) => [nameKey(mentioned), mentioned])).keys()];
      expect(findMentions(text).map(nameKey).sort()).toEqual(expected.sort());
    }),
  );
});

it('what it finds stands behind an @ in the text, has a letter, digit or _ at both ends, and no key twice', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom('@', '@ann', '.', '-', ' ', '/', 'x@y', 'É'), fc.string({ unit: 'binary' }))),
      (parts) => {
        const text = parts.join('');
        const names = findMentions(text);
        for (const found of names) {
          expect(text).toContain(`@${found}`);
          expect(found).toMatch(/^[\p{L}\p{N}_]/u);
          expect(found).not.toMatch(/[.-]$/);
        }
        expect(new Set(names.map(nameKey)).size).toBe(names.length);
      },
    ),
    { numRuns: 500 },
  );
});

it('takes its time in step with the text', () => {
  const started = performance.now();
  for (const text of [
    '@'.repeat(200_000),
    `@${'a.'.repeat(100_000)}/`,
    '@a-'.repeat(66_000),
    `@${'a'.repeat(200_000)}@`,
  ])
    findMentions(text);
  expect(performance.now() - started).toBeLessThan(3_000);
});
