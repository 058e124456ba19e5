import styles from './sparkline.module.css';

export interface SparklineProps {
  /** What it shows, read out with the first, last and highest value: "Failures an hour". */
  readonly label: string;
  /** null: not known, a gap. */
  readonly values: readonly (number | null)[];
  /** A token. Default: the accent. */
  readonly color?: string;
  readonly width?: number;
  readonly height?: number;
}

/** Some values as a small line in a row. */
export function Sparkline({ label, values, color = '--accent', width = 96, height = 20 }: SparklineProps) {
  const known = values.filter((one): one is number => one !== null);
  const most = Math.max(1e-9, ...known);
  const step = width / Math.max(1, values.length - 1);
  const parts: string[] = [];
  let pen = 'M';
  for (const [n, value] of values.entries()) {
    if (value === null) pen = 'M';
    else {
      // A value between two gaps is a dot: the round end of a line without length.
      const alone = pen === 'M' && (values[n + 1] ?? null) === null;
      const x = alone ? Math.min(Math.max(n * step, 1.5), width - 1.5) : n * step;
      parts.push(
        `${pen}${x.toFixed(1)} ${(height - 1.5 - (value / most) * (height - 3)).toFixed(1)}${alone ? 'h0' : ''}`,
      );
      pen = 'L';
    }
  }
  const text =
    known.length === 0 ? `${label}: nothing` : `${label}: last ${known.at(-1)}, highest ${Math.max(...known)}`;
  return (
    <svg
      width={width}
      height={height}
      className={styles['line']}
      role="img"
      aria-label={text}
      style={{ color: `var(${color})` }}
    >
      <path d={parts.join('')} />
    </svg>
  );
}
