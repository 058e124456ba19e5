import { Link } from '@tanstack/react-router';
import { CircleCheck, OctagonAlert, TriangleAlert } from 'lucide-react';
import type { StatsSeries } from '@lovage/http-api';
import { useQueues, useWorkers } from '../../api/queries/lists.ts';
import { useStatus } from '../../api/queries/status.ts';
import { cx } from '../../ui/cx.ts';
import { useNow } from '../../ui/time/now.ts';
import { attentionOf } from './attention.ts';
import styles from './overview.module.css';

/** Lines that are shown; the others are a number. */
const MOST = 8;

/** What needs a person, in words with a link; else that all is well. */
export function AttentionPanel({ contracts }: { contracts: readonly StatsSeries[] }) {
  const now = useNow(10_000);
  const status = useStatus();
  const queues = useQueues();
  const workers = useWorkers();
  const dead = useWorkers({ status: 'dead' }, { pollMs: 15_000 });
  const failing = contracts.flatMap(({ key, overall }) => (key === null ? [] : [{ contract: key, ...overall }]));
  const lines = attentionOf({
    now,
    status: status.data,
    queues: queues.data?.items,
    workers: workers.data?.items,
    dead: dead.data?.items,
    failing,
  });
  const known = status.data !== undefined && queues.data !== undefined && workers.data !== undefined;
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
            <Link to={line.to} search={(line.search ?? {}) as never} className={styles['link']}>
              {line.link}
            </Link>
          </li>
        ))}
      </ul>
      {lines.length > MOST && <p className={styles['more']}>And {lines.length - MOST} more.</p>}
    </section>
  );
}
