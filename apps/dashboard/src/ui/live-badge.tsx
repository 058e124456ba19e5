import { cx } from './cx.ts';
import styles from './live-badge.module.css';

export type LiveState =
  | { readonly kind: 'live' | 'paused' | 'connecting' }
  | { readonly kind: 'waiting'; /** Until the next try. */ readonly seconds: number };

const WORDS = { live: 'Live', paused: 'Paused', connecting: 'Connecting' } as const;

/** Whether what is shown keeps up by itself. */
export function LiveBadge({ state }: { state: LiveState }) {
  const text = state.kind === 'waiting' ? `Reconnecting in ${state.seconds} s` : WORDS[state.kind];
  return (
    <span className={cx(styles['badge'], styles[state.kind])} role="status" title={text}>
      <svg viewBox="0 0 8 8" width="8" height="8" aria-hidden>
        {state.kind === 'live' ? (
          <circle cx="4" cy="4" r="4" />
        ) : (
          <circle cx="4" cy="4" r="3" className={styles['halo']} />
        )}
      </svg>
      <span className={styles['text']}>{text}</span>
    </span>
  );
}
