import { linesOf, pathOf, search } from './json-node.ts';

const all = { isOpen: () => true, most: 1000 };

test('a value becomes lines in its order, with paths that can be used', () => {
  const value = { a: 1, 'odd "name"': [true, null, { deep: 'x' }], empty: {} };
  expect(linesOf(value, all).map(({ path, text, size }) => [path, text, size])).toEqual([
    ['$', '{}', 3],
    ['$.a', '1', 0],
    ['$["odd \\"name\\""]', '[]', 3],
    ['$["odd \\"name\\""][0]', 'true', 0],
    ['$["odd \\"name\\""][1]', 'null', 0],
    ['$["odd \\"name\\""][2]', '{}', 1],
    ['$["odd \\"name\\""][2].deep', '"x"', 0],
    ['$.empty', '{}', 0],
  ]);
  expect(pathOf('$', '__proto__')).toBe('$.__proto__');
});

test('closed parts are left out, long ones cut, deep ones read without recursion', () => {
  expect(
    linesOf({ a: { b: 1 }, c: 2 }, { ...all, isOpen: ({ depth }) => depth === 0 }).map(({ path }) => path),
  ).toEqual([...['$', '$.a', '$.c']]);
  expect(
    linesOf(
      Array.from({ length: 5000 }, () => 0),
      { ...all, most: 10 },
    ),
  ).toHaveLength(10);
  let deep: unknown = 'end';
  for (let i = 0; i < 50_000; i += 1) deep = [deep];
  expect(linesOf(deep, { ...all, most: 20 })).toHaveLength(20);
});

test('a search tells what was found, and what leads there', () => {
  const value = { user: { name: 'Ann', mail: 'ann@x' }, list: [{ n: 'other' }, { n: 'ANN' }] };
  const { found, through } = search(value, 'ann', 1000);
  expect([...found]).toEqual(['$.user.name', '$.user.mail', '$.list[1].n']);
  expect(through.has('$.list[1]')).toBe(true);
  expect(through.has('$.list[0]')).toBe(false);
});
