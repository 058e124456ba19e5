import { formatJson, isBigNumber, parseJson } from './json.ts';

test('numbers beyond a double keep every digit, all others are plain numbers', () => {
  const text = '{"id":9007199254740993,"n":12,"x":0.5,"deep":[1e400,"12345678901234567890"]}';
  const value = parseJson(text) as { id: unknown; n: unknown; deep: unknown[] };
  expect(isBigNumber(value.id)).toBe(true);
  expect(String(value.id)).toBe('9007199254740993');
  expect(value.n).toBe(12);
  expect(value.deep[1]).toBe('12345678901234567890');
  expect(formatJson(value)).toBe(text);
  expect(formatJson({ big: 2n ** 64n })).toBe('{"big":18446744073709551616}');
});

test('what is no JSON is refused', () => {
  expect(() => parseJson('{"a":')).toThrow(SyntaxError);
  expect(() => parseJson('{"a":9007199254740993,}')).toThrow(SyntaxError);
});
