import { wideIntegers } from './wide-integers.ts';

test('whole numbers of 16 bits are stated as ones of 32, wherever they are', () => {
  const int = (value: number) => ({ '!': 'int', value });
  const at = new Date(0);
  expect(wideIntegers({ a: 128, b: [300, null], c: { d: -129 }, e: 127, f: -128, g: 32_768, h: 'x', i: 0.5 })).toEqual({
    ...{ a: int(128), b: [int(300), null], c: { d: int(-129) } },
    ...{ e: 127, f: -128, g: 32_768, h: 'x', i: 0.5 },
  });
  const stated = { a: { '!': 'timestamp', value: 300 }, b: at };
  expect(wideIntegers(stated)).toEqual(stated);
  const plain = { retries: 0, timelimit: [null, null] };
  expect(wideIntegers(plain)).toBe(plain);
});
