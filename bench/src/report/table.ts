import { barText, judge, type ReportRow } from './row.ts';

const HEAD = ['', 'measured', 'reference', 'ratio', 'bar', 'met', 'other load'];

/** The report as a Markdown table: as good to read in a terminal as on a page. */
export function table(rows: readonly ReportRow[]): string {
  const cells = rows.map((row) => {
    const { measured, reference, ratio, foreign, met } = judge(row);
    return [
      row.name,
      `${number(measured)} ${row.unit}`,
      reference === undefined ? '' : `${row.reference!.name} ${number(reference)}`,
      ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
      row.bar ? barText(row.bar, row.unit) : '',
      met === undefined ? '' : met ? 'yes' : 'NO',
      foreign.toFixed(2),
    ];
  });
  const widths = HEAD.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]!.length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`;
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 10 ? 1 : 2);
}
