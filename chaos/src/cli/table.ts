import type { ScenarioReport } from './report.ts';

const HEADS = ['scenario', 'tasks', 'lost', 'recorded twice', 'run twice', 'recovery', 'all done', ''];

/** The outcomes, a line each. */
export function table(reports: readonly ScenarioReport[]): string {
  const rows = reports.map((one) => [
    one.name,
    whole(one.tasks),
    whole(one.lost),
    whole(one.recordedTwice),
    whole(one.runTwice),
    seconds(one.recoveryMs),
    seconds(one.allMs),
    one.missed.length === 0 ? 'passed' : 'FAILED',
  ]);
  const lines = [HEADS, ...rows];
  const widths = HEADS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 || column === 7 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function whole(count: number): string {
  return count.toLocaleString('en-US');
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`;
}
