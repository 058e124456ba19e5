import { CircleAlert, RotateCw, Unplug } from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { CodeBlock } from './code-block.tsx';
import { CopyButton } from './copy-button.tsx';
import styles from './feedback.module.css';
import { RelativeTime } from './time/relative-time.tsx';

/** Before that nothing is shown: most answers are there by then, and a flash tells nobody anything. */
const SKELETON_AFTER_MS = 200;

/** Grey lines where content will stand, after a moment. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setVisible(true), SKELETON_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={styles['skeleton']} role="status" aria-label="Loading" data-visible={visible || undefined}>
      {Array.from({ length: lines }, (_, n) => (
        <span key={n} className={styles['bone']} />
      ))}
    </div>
  );
}

export interface EmptyStateProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** What fills it: a command to copy. */
  readonly code?: string;
  readonly action?: ReactNode;
}

/** Nothing is here: says why, and what fills it. */
export function EmptyState({ title, children, code, action }: EmptyStateProps) {
  return (
    <div className={styles['empty']}>
      <p className={styles['title']}>{title}</p>
      {children && <p className={styles['text']}>{children}</p>}
      {code && <CodeBlock code={code} />}
      {action}
    </div>
  );
}

export interface ErrorStateProps {
  /** What failed, as a sentence: "The workers could not be read". */
  readonly title: string;
  readonly detail?: ReactNode;
  readonly requestId?: string | undefined;
  readonly onRetry?: () => void;
}

/** Something failed: what, the id to search the log for, and another try. */
export function ErrorState({ title, detail, requestId, onRetry }: ErrorStateProps) {
  return (
    <div className={styles['error']} role="alert">
      <CircleAlert size={16} className={styles['sign']} />
      <div className={styles['what']}>
        <p className={styles['title']}>{title}</p>
        {detail && <p className={styles['text']}>{detail}</p>}
        {requestId && (
          <p className={styles['text']}>
            Request <code>{requestId}</code> <CopyButton value={requestId} label="Copy the request id" />
          </p>
        )}
      </div>
      {onRetry && (
        <Button small icon={<RotateCw size={14} />} onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** What is shown is old, since the last try to read it failed. `since`: how old; undefined: nothing is shown. */
export function StaleNote({ since, children }: { since: Date | number | undefined; children?: ReactNode }) {
  return (
    <div className={styles['stale']} role="status">
      <Unplug size={14} />
      <span>
        {children ?? 'The connection is lost.'}
        {since !== undefined && (
          <>
            {' '}
            What you see is from <RelativeTime value={since} />.
          </>
        )}
      </span>
    </div>
  );
}
