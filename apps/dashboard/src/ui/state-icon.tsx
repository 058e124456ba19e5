import styles from './state-icon.module.css';
import { cx } from './cx.ts';

/** What a thing is like, as colour and shape: never a colour alone. */
export type Tone = 'waiting' | 'running' | 'success' | 'retry' | 'failure' | 'dead' | 'revoked' | 'expired';

/** The token of its colour, for what is drawn without a shape: `--state-failure`. */
export const toneToken = (tone: Tone): string => `--state-${tone}`;

const SHAPES: Readonly<Record<Tone, React.ReactNode>> = {
  waiting: <circle cx="8" cy="8" r="5.25" />,
  running: (
    <>
      <circle cx="8" cy="8" r="5.25" />
      <path d="M8 2.75a5.25 5.25 0 0 1 0 10.5z" className={styles['filled']} />
    </>
  ),
  success: <path d="M3 8.5l3.4 3.4L13 4.8" />,
  retry: (
    <>
      <path d="M12.9 8a4.9 4.9 0 1 1-1.6-3.6" />
      <path d="M13.2 2.2v3h-3" />
    </>
  ),
  failure: <path d="M4 4l8 8M12 4l-8 8" />,
  dead: (
    <>
      <rect x="2.75" y="2.75" width="10.5" height="10.5" rx="1" />
      <rect x="5.5" y="5.5" width="5" height="5" className={styles['filled']} />
    </>
  ),
  revoked: (
    <>
      <circle cx="8" cy="8" r="5.25" />
      <path d="M4.3 11.7l7.4-7.4" />
    </>
  ),
  expired: (
    <>
      <circle cx="8" cy="8" r="5.25" />
      <path d="M8 5v3.2l2 1.6" />
    </>
  ),
};

/** The shape of a tone in its colour. Decorative: its name stands beside it, or `label` is read out. */
export function StateIcon({ tone, label, size = 14 }: { tone: Tone; label?: string; size?: number }) {
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      className={cx(styles['icon'], styles[tone])}
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      {SHAPES[tone]}
    </svg>
  );
}

/** The shape with its name: `✕ FAILURE`. */
export function StateLabel({ tone, children }: { tone: Tone; children: React.ReactNode }) {
  return (
    <span className={cx(styles['label'], styles[tone])}>
      <StateIcon tone={tone} />
      {children}
    </span>
  );
}
