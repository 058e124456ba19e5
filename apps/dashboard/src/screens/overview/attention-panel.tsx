import { Link } from '@tanstack/react-router';
import { CircleCheck, OctagonAlert, TriangleAlert } from 'lucide-react';
import type { StatsDocument } from '@lovage/http-api';
import { useWorkers } from '../../api/queries/lists.ts';
import { usePlatform } from '../../api/queries/platform.ts';
import { useLiveQueues } from '../../api/queries/queues.ts';
import { cx } from '../../ui/cx.ts';
import { useNow } from '../../ui/time/now.ts';
import { attentionOf } from './attention.ts';
import styles from './overview.module.css';

/** Lines that are shown; the others are a number. */
const MOST = 8;

/** What needs a person, in words with a link; else that all is well. */
export function AttentionPanel({ stats }: { stats: StatsDocument | undefined }) {
  const countedTo = stats?.countedTo;
  const now = useNow(10_000);
  const platform = usePlatform();
  const queues = useLiveQueues();
  const workers = useWorkers();
  const dead = useWorkers({ status: 'dead' }, { pollMs: 15_000 });
  const failing = (stats?.series ?? []).flatMap(({ key, overall }) =>
    key === null ? [] : [{ contract: key, ...overall }],
  );
  const lines = attentionOf({
    now,
    platform: platform.data,
    countedTo,
    queues: queues.data?.items,
    workers: workers.data?.items,
    dead: dead.data?.items,
    failing,
  });
  const known = platform.data !== undefined && queues.data !== undefined && workers.data !== undefined;
  if (lines.length === 0)
    return (
      <section className={styles['well']} aria-label="What needs attention" aria-busy={!known || undefined}>
        {known && <CircleCheck size={16} aria-hidden />}
        <span>{known ? 'Nothing needs attention.' : 'Looking…'}</span>
      </section>
    );
  return (
    <section className={styles['attention']} aria-label="What needs attention">
      <ul>
        {lines.slice(0, MOST).map((line) => (
          <li key={line.key} className={cx(styles['line'], styles[line.tone])}>
            {line.tone === 'danger' ? (
              <OctagonAlert size={16} role="img" aria-label="Urgent" />
            ) : (
              <TriangleAlert size={16} role="img" aria-label="Warning" />
            )}
            <span className={styles['words']}>
              <strong>{line.text}</strong> {line.advice}
            </span>
            <Link {...line.where} className={styles['link']}>
              {line.link}
            </Link>
          </li>
        ))}
      </ul>
      {lines.length > MOST && <p className={styles['more']}>And {lines.length - MOST} more.</p>}
    </section>
  );
}
