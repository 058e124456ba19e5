import { safeName } from '@lovage/files';
import { expectLinear } from '@lovage/testing';

/** Whatever a stranger writes is read in time that grows as the text does, and no faster. */
test.each([
  ['a long name', (n: number) => 'a'.repeat(n)],
  ['dots and blanks', (n: number) => '. '.repeat(n / 2)],
  ['names of folders', (n: number) => 'a/'.repeat(n / 2)],
  ['marks out of order', (n: number) => `a${'\u0315\u0300'.repeat(n / 2)}`],
])('the name of an uploaded file: %s', (_what, text) => {
  expectLinear(text, (given) => safeName(given));
});
