import type { ReactNode } from 'react';
import styles from './badge.module.css';
import { cx } from './cx.ts';

/** A short word or number beside something. `tone`: what it means; the text must say it as well. */
export function Badge({
  tone = 'neutral',
  children,
}: {
  tone?: 'neutral' | 'accent' | 'warn' | 'danger';
  children: ReactNode;
}) {
  return <span className={cx(styles['badge'], styles[tone])}>{children}</span>;
}
