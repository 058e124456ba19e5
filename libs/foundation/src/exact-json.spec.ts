import fc from 'fast-check';
import { InexactNumber, parseExactJson, pathOf } from './exact-json.ts';

describe('parseExactJson', () => {
  test('reads what JSON.parse reads, of whatever a double holds', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.integer({ min: 0, max: 3 }), (value, indent) => {
        const json = JSON.stringify(value, null, indent);
        expect(parseExactJson(json)).toEqual(JSON.parse(json));
      }),
    );
  });

  test('keeps every whole number, at any place', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.string(), fc.string(), (n, key, text) => {
        const json = `{${JSON.stringify(key)}:[${JSON.stringify(text)},${n}]}`;
        const [, read] = (parseExactJson(json) as Record<string, unknown[]>)[key]!;
        if (typeof read === 'bigint') expect(read).toBe(n);
        else expect(String(read)).toBe(String(n === 0n ? 0 : n));
      }),
    );
  });

  test.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['1152921504606846976000', 1152921504606846976000n],
    // As JavaScript writes it: it comes back as it was written.
    ['9223372036854776000', 9223372036854776000],
    ['1e21', 1e21],
    ['0.1234567890123456789', 0.12345678901234568],
    ['"9007199254740993"', '9007199254740993'],
    ['"\\"9007199254740993\\\\"', '"9007199254740993\\'],
    ['0e999', 0],
    ['1e308', 1e308],
  ])('%s', (json, value) => expect(parseExactJson(json)).toBe(value));

  test.each(['1e400', '-1e400', '1e-400', `0.${'0'.repeat(400)}1`, `${'9'.repeat(400)}.0`, '9'.repeat(2000)])(
    '%.20s is not held',
    (json) => {
      const read = parseExactJson(`{"a":[${json}]}`);
      expect(pathOf(read, (value) => value instanceof InexactNumber)).toBe('.a.0');
    },
  );

  test('tells of an error in what was sent', () => {
    expect(() => parseExactJson('{"a":9007199254740993,}')).toThrow(SyntaxError);
    expect(() => parseExactJson('[9007199254740993')).toThrow(SyntaxError);
  });

  test('takes time linear to the text', () => {
    const before = performance.now();
    parseExactJson(`[${'9007199254740993,'.repeat(100_000)}"${'\\\\'.repeat(500_000)}"]`);
    parseExactJson(`[${'9'.repeat(4_000_000)}]`);
    expect(performance.now() - before).toBeLessThan(3000);
  });
});
