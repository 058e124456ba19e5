import { formatSearch, one, oneOf, parseSearch } from './search-params.ts';

test('a search is plain text, and comes back as it was', () => {
  const search = { state: ['FAILURE', 'DEAD'], text: 'a b&c=ü', n: '007' };
  expect(formatSearch({ ...search, none: undefined, nil: null })).toBe(
    '?state=FAILURE&state=DEAD&text=a+b%26c%3D%C3%BC&n=007',
  );
  expect(parseSearch(formatSearch(search))).toEqual(search);
  expect(Object.hasOwn(parseSearch('?__proto__=1&__proto__=2'), '__proto__')).toBe(true);
  expect(formatSearch({})).toBe('');
});

test('a parameter is read as one text, or as one of some', () => {
  expect([one('a'), one(['a', 'b']), one(''), one(undefined)]).toEqual(['a', 'a', undefined, undefined]);
  expect(oneOf('x', ['x', 'y'])).toBe('x');
  expect(oneOf('z', ['x', 'y'])).toBe(undefined);
});
