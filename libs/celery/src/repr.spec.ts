import { spawnSync } from 'node:child_process';
import { describeWithCelery } from '@lovage/testing';
import { pythonRepr, pythonTuple } from './repr.ts';

const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1.5, 'text', '', "it's", '"', `"it's"`, 'a\\b\n\t\r', '\u0007\u009f', 'größe 日本 😀'],
  ...[[], [1, [2, 'x']], {}, { a: 1, 'b c': [null, { d: "'" }] }],
];

test('as Python writes it', () => {
  expect(pythonRepr({ a: [1, null, true, "it's"] })).toBe(`{'a': [1, None, True, "it's"]}`);
  expect([pythonTuple([]), pythonTuple([2]), pythonTuple([2, 'x'])]).toEqual(['()', '(2,)', "(2, 'x')"]);
});

test('a long value is cut, and what is cut off is not walked', () => {
  let asked = 0;
  const endless = Array.from({ length: 10_000 }, () => ({
    get x() {
      asked += 1;
      return 'x'.repeat(100);
    },
  }));
  const text = pythonRepr(endless, 1024);
  expect(text).toHaveLength(1024);
  expect(text.endsWith('...')).toBe(true);
  expect(asked).toBeLessThan(20);
  expect(pythonTuple(endless).startsWith("({'x': ")).toBe(true);
  expect(pythonRepr('y'.repeat(100_000), 64)).toHaveLength(64);
});

describeWithCelery('beside real Python', (python) => {
  test('repr of JSON values', () => {
    const { stdout } = spawnSync(
      python,
      ['-c', 'import json,sys; print(json.dumps([repr(v) for v in json.load(sys.stdin)]))'],
      { input: JSON.stringify(VALUES), encoding: 'utf8', env: { ...process.env, PYTHONUTF8: '1' } },
    );
    expect(VALUES.map((value) => pythonRepr(value))).toEqual(JSON.parse(stdout));
  });
});
