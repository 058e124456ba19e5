import { formatAbsolute } from '../../ui/time/format-time.ts';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import { useTimePreferences } from '../../ui/time/time-preferences.ts';
import styles from './schedule.module.css';

/** When a schedule fires next, each as a time and as how long that is from now. */
export function Moments({ of }: { readonly of: readonly string[] }) {
  const { zone } = useTimePreferences();
  return (
    <ol className={styles['next']}>
      {of.map((at) => (
        <li key={at}>
          <span>{formatAbsolute(new Date(at), zone)}</span>{' '}
          <span className="muted">
            <RelativeTime value={at} />
          </span>
        </li>
      ))}
    </ol>
  );
}
