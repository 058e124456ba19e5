import styles from './meter.module.css';

export interface MeterProps {
  /** What it measures, read out. */
  readonly label: string;
  readonly value: number;
  /** null: no bound is known, and the number stands alone. */
  readonly most: number | null;
}

/** How much of something is used: a bar with its numbers. */
export function Meter({ label, value, most }: MeterProps) {
  if (most === null) return <>{value}</>;
  const share = most > 0 ? Math.min(1, value / most) : 0;
  return (
    <span
      className={styles['meter']}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={most}
      aria-valuenow={Math.min(value, most)}
    >
      <span className={styles['track']}>
        <span className={styles['bar']} style={{ width: `${share * 100}%` }} data-full={share >= 1 || undefined} />
      </span>
      <span className={styles['text']}>
        {value} of {most}
      </span>
    </span>
  );
}
