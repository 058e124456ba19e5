import { median } from '../measure/statistics.ts';

/** One measured run. */
export interface MeasuredRun {
  readonly value: number;
  /** Cores that other programs took meanwhile: what makes a run worth little. */
  readonly foreign: number;
}

/** What a figure must reach: itself, or as a multiple of its reference. */
export type Bar =
  | { readonly of: 'value' | 'ratio'; readonly atLeast: number }
  | { readonly of: 'value' | 'ratio'; readonly atMost: number };

/** One line of the report. */
export interface ReportRow {
  readonly measurement: string;
  readonly name: string;
  readonly unit: string;
  readonly runs: readonly MeasuredRun[];
  readonly reference: { readonly name: string; readonly runs: readonly MeasuredRun[] } | undefined;
  /** Undefined: shown, not judged. */
  readonly bar: Bar | undefined;
}

export interface Verdict {
  readonly measured: number;
  readonly reference: number | undefined;
  /** The median of the ratios of each round, whose runs met much the same machine. */
  readonly ratio: number | undefined;
  /** Most cores that others took during a run of this line. */
  readonly foreign: number;
  readonly met: boolean | undefined;
}

/** @throws RangeError when a bar on the ratio has no reference */
export function judge(row: ReportRow): Verdict {
  const measured = median(row.runs.map(({ value }) => value));
  const others = row.reference?.runs ?? [];
  const reference = row.reference && median(others.map(({ value }) => value));
  const ratios = row.runs.slice(0, others.length).map(({ value }, round) => value / others[round]!.value);
  const ratio = ratios.length > 0 ? median(ratios) : undefined;
  const foreign = Math.max(...row.runs.map((run) => run.foreign), ...others.map((run) => run.foreign));
  return { measured, reference, ratio, foreign, met: row.bar && meets(row.bar, measured, ratio) };
}

function meets(bar: Bar, measured: number, ratio: number | undefined): boolean {
  const figure = bar.of === 'value' ? measured : ratio;
  if (figure === undefined) throw new RangeError('a bar on the ratio needs a reference');
  return 'atLeast' in bar ? figure >= bar.atLeast : figure <= bar.atMost;
}

/** `≥ 0.7 ×`, `≤ 110 MB` */
export function barText(bar: Bar, unit: string): string {
  const limit = 'atLeast' in bar ? `≥ ${bar.atLeast}` : `≤ ${bar.atMost}`;
  return bar.of === 'ratio' ? `${limit} ×` : `${limit} ${unit}`;
}
