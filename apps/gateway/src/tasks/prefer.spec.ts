import { preferredWait } from './submit-headers.ts';

test.each([
  [undefined, 0],
  ['', 0],
  ['wait=10', 10],
  ['WAIT = 10', 10],
  ['wait="10"', 10],
  ['respond-async, wait=10', 10],
  ['wait=10; foo=bar, wait=20', 10],
  ['wait=60', 60],
  ['wait=61', 60],
  ['wait=999999999', 60],
  ['wait=9999999999', 0],
  ['wait=1.5', 0],
  ['wait=-5', 0],
  ['wait=', 0],
  ['wait=0x10', 0],
  ['handling=lenient; wait=10', 0],
  [['wait=5', 'wait=7'], 5],
])('%j asks for %d s', (header, seconds) => {
  expect(preferredWait(header)).toBe(seconds);
});
