import styles from './segments.module.css';

export interface SegmentsProps<T extends string> {
  /** What is chosen, read out. */
  readonly label: string;
  /** undefined: none of them. */
  readonly value: T | undefined;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
}

/** One of two or three, all in sight. */
export function Segments<T extends string>({ label, value, options, onChange }: SegmentsProps<T>) {
  return (
    <div className={styles['group']} role="group" aria-label={label}>
      {options.map((one) => (
        <button
          key={one.value}
          type="button"
          className={styles['segment']}
          aria-pressed={one.value === value}
          onClick={() => onChange(one.value)}
        >
          {one.label}
        </button>
      ))}
    </div>
  );
}
