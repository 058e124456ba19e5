import { formatJson } from '../../api/json.ts';
import { JsonView } from '../../ui/json/json-view.tsx';
import styles from './task.module.css';

/** A share from 0 to 1 that a progress tells, by the names that handlers use; undefined: it tells none. */
export function shareOf(progress: unknown): number | undefined {
  if (typeof progress !== 'object' || progress === null) return undefined;
  const { percent, done, total, current } = progress as Readonly<Record<string, unknown>>;
  const share =
    typeof percent === 'number'
      ? percent / 100
      : typeof total === 'number' && total > 0 && typeof (done ?? current) === 'number'
        ? ((done ?? current) as number) / total
        : undefined;
  return share === undefined ? undefined : Math.max(0, Math.min(1, share));
}

/** What the handler reported last: a bar where it tells how far it is, and all of it. */
export function ProgressView({ progress }: { progress: unknown }) {
  const share = shareOf(progress);
  return (
    <>
      {share !== undefined && (
        <div className={styles['progress']}>
          <progress max={1} value={share} aria-label="Progress" />
          <strong>{Math.round(share * 100)} %</strong>
        </div>
      )}
      <JsonView value={progress} label="Progress" format={formatJson} />
    </>
  );
}
