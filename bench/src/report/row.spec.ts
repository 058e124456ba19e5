import { barText, judge, type Bar, type ReportRow, type MeasuredRun } from './row.ts';
import { table } from './table.ts';

const runs = (...values: number[]): MeasuredRun[] => values.map((value, i) => ({ value, foreign: i / 10 }));
const row = (given: Partial<ReportRow>): ReportRow => ({
  measurement: 'throughput',
  name: 'drain',
  unit: '/s',
  runs: runs(10, 20, 30),
  reference: undefined,
  bar: undefined,
  ...given,
});

describe('a verdict', () => {
  test('compares each round with its own reference: a slow moment of the machine slows both', () => {
    const slowLast = row({ runs: runs(100, 110, 10), reference: { name: 'ideal', runs: runs(200, 200, 20) } });
    expect(judge(slowLast)).toMatchObject({ measured: 100, reference: 200, ratio: 0.5, foreign: 0.2, met: undefined });
  });

  const ideal = { name: 'ideal', runs: runs(20, 40, 60) };
  test.each([
    ['the least is reached', { of: 'ratio', atLeast: 0.5 }, true],
    ['the least is missed', { of: 'ratio', atLeast: 0.51 }, false],
    ['the most is kept', { of: 'ratio', atMost: 0.5 }, true],
    ['the most is passed', { of: 'ratio', atMost: 0.49 }, false],
    ['a figure of its own is reached', { of: 'value', atLeast: 20 }, true],
    ['a figure of its own is missed', { of: 'value', atLeast: 21 }, false],
    ['a figure of its own is kept', { of: 'value', atMost: 20 }, true],
    ['a figure of its own is passed', { of: 'value', atMost: 19 }, false],
  ] satisfies [string, Bar, boolean][])('%s', (_name, bar, met) => {
    expect(judge(row({ reference: ideal, bar })).met).toBe(met);
  });

  test('a bar on the ratio without a reference is a mistake', () => {
    expect(() => judge(row({ bar: { of: 'ratio', atLeast: 1 } }))).toThrow(/needs a reference/);
  });

  test('runs without figures meet nothing', () => {
    const broken = row({ runs: runs(NaN, NaN, NaN), reference: ideal, bar: { of: 'ratio', atMost: 2 } });
    expect(judge(broken).met).toBe(false);
  });
});

test.each([
  [{ of: 'ratio', atLeast: 0.7 }, '/s', '≥ 0.7 ×'],
  [{ of: 'ratio', atMost: 2 }, 'ms', '≤ 2 ×'],
  [{ of: 'value', atMost: 110 }, 'MB', '≤ 110 MB'],
] satisfies [Bar, string, string][])('the bar %j in %s reads %s', (bar, unit, text) => {
  expect(barText(bar, unit)).toBe(text);
});

test('the table shows what was measured, against what, and whether it is enough', () => {
  const ideal = { name: 'ideal', runs: runs(20_000, 40_000, 60_000) };
  const text = table([
    row({ runs: runs(10_000, 20_000, 30_000), reference: ideal, bar: { of: 'ratio', atLeast: 0.7 } }),
    row({ name: 'worker, idle', unit: 'MB', runs: runs(99.94), bar: { of: 'value', atMost: 110 } }),
    row({ name: 'p95', unit: 'ms', runs: runs(1.234) }),
  ]);
  expect(text.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    '| | measured | reference | ratio | bar | met | other load |',
    expect.stringMatching(/^\|( -+ \|)+$/),
    '| drain | 20,000 /s | ideal 40,000 | 0.50 × | ≥ 0.7 × | NO | 0.20 |',
    '| worker, idle | 99.9 MB | | | ≤ 110 MB | yes | 0.00 |',
    '| p95 | 1.23 ms | | | | | 0.00 |',
  ]);
});
