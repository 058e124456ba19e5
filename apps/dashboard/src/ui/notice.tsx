import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './notice.module.css';

export interface NoticeProps {
  /** How bad it is; the text must say it as well. */
  readonly tone?: 'info' | 'warn' | 'danger';
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

const SIGNS = { info: Info, warn: TriangleAlert, danger: CircleAlert } as const;

/** Something about the page that a person should know, in words, with what to do. */
export function Notice({ tone = 'warn', children, action }: NoticeProps) {
  const Sign = SIGNS[tone];
  return (
    <div className={cx(styles['notice'], styles[tone])} role="note">
      <Sign size={15} className={styles['sign']} aria-hidden />
      <div className={styles['text']}>{children}</div>
      {action}
    </div>
  );
}
