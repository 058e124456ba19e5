import { Link } from '@tanstack/react-router';
import type { TaskDocument } from '@lovage/http-api';
import { formatJson } from '../../../api/json.ts';
import { Badge } from '../../../ui/badge.tsx';
import { cutMiddle, plural } from '../../../ui/format.ts';
import { JsonView } from '../../../ui/json/json-view.tsx';
import { Details, Panel } from '../../../ui/page.tsx';
import { RelativeTime } from '../../../ui/time/relative-time.tsx';
import { ErrorView } from '../error-view.tsx';
import { Images } from '../images.tsx';
import { ProgressView } from '../progress-view.tsx';
import styles from '../task.module.css';

const time = (value: string | null) => value && <RelativeTime value={value} precise />;

/** What one wants to know first: how it goes or ended, and the details. */
export function OverviewTab({ task }: { task: TaskDocument }) {
  const { error, escaped, progress, result, state } = task;
  return (
    <div className={styles['stack']}>
      {progress !== null && state !== 'SUCCESS' && (
        <Panel title="Progress">
          <ProgressView progress={progress} />
        </Panel>
      )}
      {error !== null && (
        <Panel title={state === 'SUCCESS' ? 'Error of an earlier attempt' : 'Error'}>
          <ErrorView error={error} />
        </Panel>
      )}
      {escaped !== null && (
        <Panel title={`${plural(escaped.count, 'error')} of its code that nobody caught`}>
          <p className="muted">
            The last: an {escaped.last.kind} of attempt {escaped.last.attempt}, <RelativeTime value={escaped.last.at} />
          </p>
          <ErrorView error={escaped.last.error} />
        </Panel>
      )}
      {state === 'SUCCESS' && (
        <Panel title="Result">
          <Images result={result} />
          <JsonView value={result} label="Result" format={formatJson} />
        </Panel>
      )}
      <Panel title="Input">
        <JsonView value={task.input} label="Input" format={formatJson} />
      </Panel>
      <Panel title="Details">
        <Details
          items={[
            [
              'Contract',
              <Link key="c" to="/tasks" search={{ q: `name:${task.name}` }}>
                {task.name}
              </Link>,
            ],
            ['Queue', task.queue],
            ['Priority', task.priority],
            ['Attempt', task.attempt === 0 ? null : task.attempt],
            ['Worker', task.worker],
            ['Created', time(task.createdAt)],
            ['Not before', time(task.eta)],
            ['Started', time(task.startedAt)],
            ['Ended', time(task.finishedAt)],
            ['Expires', time(task.expiresAt)],
            ['Scheduled for', time(task.scheduledFor)],
            [
              'Submitted by',
              task.user && (
                <Link key="u" to="/tasks" search={{ q: `user:${task.user}` }} className="mono" title={task.user}>
                  {cutMiddle(task.user)}
                </Link>
              ),
            ],
            [
              'Tags',
              task.tags.length > 0 && (
                <span key="t" className={styles['tags']}>
                  {task.tags.map((tag) => (
                    <Badge key={tag}>{tag}</Badge>
                  ))}
                </span>
              ),
            ],
          ].flatMap(([name, value]) => (value ? [[name as string, value] as const] : []))}
        />
      </Panel>
    </div>
  );
}
