import { CircleStop, X } from 'lucide-react';
import { useState } from 'react';
import type { BulkJobDocument } from '@lovage/http-api';
import { useBulkJobs, useStopBulk } from '../../api/queries/bulk.ts';
import { useMay } from '../../api/use-session.ts';
import { ApiErrorState } from '../api-error.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { formatCount, formatRate, formatWhole } from '../../ui/format.ts';
import { RelativeTime } from '../../ui/time/relative-time.tsx';
import styles from './bulk.module.css';
import { ACT_WORDS } from './words.ts';

/** A job that ended is told of for so long, ms. */
const TOLD_MS = 10 * 60_000;

/** Bulk jobs on such things that run, and those that have just ended: how far they are, what failed, and a way to stop them. */
export function BulkJobs({ of }: { of: 'task' | 'dead_letter' }) {
  const may = useMay('operator');
  const jobs = useBulkJobs(may);
  const stop = useStopBulk();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = (jobs.data?.items ?? []).filter(
    (job) =>
      job.action.startsWith(`${of}.`) &&
      !hidden.has(job.id) &&
      (job.endedAt === null || jobs.dataUpdatedAt - Date.parse(job.endedAt) < TOLD_MS),
  );
  if (shown.length === 0) return null;
  return (
    <section aria-label="Bulk jobs" className={styles['jobs']}>
      {shown.map((job) => (
        <Job
          key={job.id}
          job={job}
          onStop={() => stop.mutate(job.id)}
          onHide={() => setHidden(new Set([...hidden, job.id]))}
        />
      ))}
      {stop.error && <ApiErrorState what="The job was not stopped" error={stop.error} />}
    </section>
  );
}

function Job({ job, onStop, onHide }: { job: BulkJobDocument; onStop: () => void; onHide: () => void }) {
  const [open, setOpen] = useState(false);
  const gone = job.done + job.skipped + job.failed;
  const words = ACT_WORDS[job.action];
  const runs = job.state === 'running';
  const total = job.matched === null ? '' : ` of ${job.complete ? '' : 'at least '}${formatCount(job.matched)}`;
  return (
    <div className={styles['job']}>
      <div className={styles['line']}>
        <strong>
          {runs ? words.doing : job.state === 'done' ? 'Done' : job.state === 'stopped' ? 'Stopped' : 'Failed'}
        </strong>
        <span>
          {formatWhole(job.done)}
          {runs && total} {runs ? words.nouns : words.done}
          {job.skipped > 0 && `, ${formatWhole(job.skipped)} skipped`}
          {job.failed > 0 && `, ${formatWhole(job.failed)} failed`}
          {runs && job.perSecond > 0 && `, ${formatRate(job.perSecond)}`}
        </span>
        <span className={styles['reason']} title={job.reason}>
          “{job.reason}”
        </span>
        <span className="muted">{job.endedAt && <RelativeTime value={job.endedAt} />}</span>
        {job.failures.length > 0 && (
          <Button small kind="ghost" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? 'Hide failures' : 'Show failures'}
          </Button>
        )}
        {runs ? (
          <Button small icon={<CircleStop size={14} />} onClick={onStop}>
            Stop the job
          </Button>
        ) : (
          <IconButton small label="Hide this job" onClick={onHide}>
            <X size={14} />
          </IconButton>
        )}
      </div>
      {runs && (
        <progress
          className={styles['bar']}
          aria-label={`${words.doing}: how far`}
          max={job.matched === null ? undefined : Math.max(1, job.matched)}
          value={job.matched === null ? undefined : Math.min(gone, job.matched)}
        />
      )}
      {job.error !== null && <p className={styles['error']}>{job.error}</p>}
      {open && (
        <ul className={styles['failures']}>
          {job.failures.map(({ id, code, message }) => (
            <li key={id}>
              <code>{id}</code> {code}: {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
