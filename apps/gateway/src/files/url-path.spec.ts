import { filePath } from '@lovage/files';
import fc from 'fast-check';
import { pathInUrl, urlOfPath } from './url-path.ts';

const PREFIX = '/api/files/';

test('a path comes back from its URL as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 5 }), (names) => {
      const path = names.join('/');
      let checked: string;
      try {
        checked = filePath(path);
      } catch {
        return;
      }
      const url = urlOfPath(PREFIX, checked);
      expect(url).toMatch(/^[!-~]+$/);
      expect(pathInUrl(`${url}?x=/../..`, PREFIX)).toBe(checked);
      expect(new URL(url, 'http://h').pathname).toBe(url);
    }),
  );
});

test.each(['a%2fb', 'a%2Fb', '..%2f..%2fetc%2fpasswd', '%ff', 'a/%'])('%s is refused', (path) => {
  expect(() => pathInUrl(PREFIX + path, PREFIX)).toThrow(expect.objectContaining({ code: 'file_path_invalid' }));
});
