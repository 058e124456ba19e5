import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { filePath, safeName } from './file-path.ts';

const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '\\',
        '\0',
        '%2e',
        '%2f',
        '%00',
        'C:',
        '//',
        '~',
        ' ',
        'a',
        'B.txt',
        '\u202e',
        'é',
        '\ud800',
      ),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

const accepted = (text: string): string | undefined => {
  try {
    return filePath(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'file_path_invalid' });
    return undefined;
  }
};

describe('filePath', () => {
  it.each(['a', 'photos/cat.jpg', 'ä/ö ü.txt', 'a..b/c', '%2e%2e/x', '日本/写真.png', 'a'.repeat(200)])(
    'takes %j',
    (text) => {
      expect(filePath(text)).toBe(text);
    },
  );

  it.each([
    '',
    '/',
    '/etc/passwd',
    '..',
    '../x',
    'a/../b',
    'a/..',
    './a',
    'a//b',
    'a/',
    'a\\b',
    '..\\x',
    'C:/x',
    'c:x',
    'a\0b',
    'a\nb',
    '.hidden',
    'a/.unfinished/x',
    '.unfinished/x',
    'a.',
    'a ',
    ' a',
    'a/ b',
    'a?b',
    'nul\u202etxt.exe',
    '\ud800',
    'a'.repeat(201),
    `${'a/'.repeat(16)}a`,
    `${'abc/'.repeat(15)}${'é'.repeat(101)}`,
    'x'.repeat(501),
  ])('refuses %j', (text) => {
    expect(accepted(text)).toBeUndefined();
  });

  it('gives names that look the same the same form', () => {
    expect(filePath('e\u0301')).toBe('\u00e9');
  });

  it('whatever it takes lies inside the folder, here and on Windows, and is taken again', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const path = accepted(text);
        if (path === undefined) return;
        expect(posix.join('/root/files', path).startsWith('/root/files/')).toBe(true);
        expect(posix.resolve('/root/files', path)).toBe(`/root/files/${path}`);
        expect(win32.resolve('C:\\files', path)).toBe(`C:\\files\\${path.replaceAll('/', '\\')}`);
        expect(filePath(path)).toBe(path);
        expect(path).not.toMatch(/(^|\/)\./);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('safeName', () => {
  it.each([
    ['cat.jpg', 'cat.jpg'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\cat.jpg', 'cat.jpg'],
    ['.bashrc', 'bashrc'],
    ['..', 'file'],
    ['', 'file'],
    ['a\0b\n.txt', 'ab.txt'],
    [' x. ', 'x'],
  ])('of %j is %j', (text, name) => {
    expect(safeName(text)).toBe(name);
  });

  it('is always one name that a path may hold', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const name = safeName(text);
        expect(name).not.toContain('/');
        expect(filePath(name)).toBe(name.normalize('NFC'));
      }),
      { numRuns: 2000 },
    );
    expect(safeName(`${'é'.repeat(300)}.jpg`)).toMatch(/^é+\.jpg$/);
  });

  it('of a long text is what its end gives', () => {
    expect(safeName(`a/${'b'.repeat(5000)}.jpg`)).toBe(`${'b'.repeat(196)}.jpg`);
    expect(safeName(`${'\u{1f408}'.repeat(5000)}.jpg`)).toBe(`${'\u{1f408}'.repeat(49)}.jpg`);
    expect(safeName(`${'. '.repeat(5000)}x`)).toBe('x');
  });
});
