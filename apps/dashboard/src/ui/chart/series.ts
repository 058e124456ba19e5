/** One line, or one layer of a stack. */
export interface ChartSeries {
  readonly key: string;
  readonly label: string;
  /** A token, such as `--state-failure`. */
  readonly color: string;
  /** One a time; null: not known, a gap. */
  readonly values: readonly (number | null)[];
  /** Dashes tell lines apart where their colours do not. */
  readonly dash?: readonly number[];
}

/** Values of a stack: each layer with all below it. What is not known of one layer is a gap of all. */
export function stack(series: readonly ChartSeries[]): (number | null)[][] {
  const length = series[0]?.values.length ?? 0;
  const sums = new Array<number | null>(length).fill(0);
  return series.map(({ values }) => {
    for (let n = 0; n < length; n += 1) {
      const value = values[n] ?? null;
      const below = sums[n] ?? null;
      sums[n] = value === null || below === null ? null : below + value;
    }
    return [...sums];
  });
}
