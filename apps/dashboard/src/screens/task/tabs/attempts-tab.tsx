import type { AttemptDocument, AttemptList } from '@lovage/http-api';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ApiError } from '../../../api/api-error.ts';
import { Loaded } from '../../../parts/loaded.tsx';
import { EmptyState } from '../../../ui/feedback.tsx';
import { Panel } from '../../../ui/page.tsx';
import { StateLabel } from '../../../ui/state-icon.tsx';
import { Duration, RelativeTime, Since } from '../../../ui/time/relative-time.tsx';
import { ErrorView } from '../error-view.tsx';
import styles from '../task.module.css';
import { outcomeTone } from '../timeline.tsx';

/** What each outcome that is no state means. */
const OUTCOMES: Readonly<Record<string, string>> = {
  RETRY: 'Failed, tried again',
  SNOOZED: 'Asked to run again later',
  RELEASED: 'Released by a worker that stopped',
  CRASHED: 'The child that ran it died',
  LOST: 'Its worker died',
  STARTED: 'Runs',
  PROGRESS: 'Runs',
  SUCCESS: 'Succeeded',
  FAILURE: 'Failed',
  REVOKED: 'Revoked',
  EXPIRED: 'Expired',
  DEAD: 'Dead: it killed its worker too often',
};

/** Each attempt, the latest first, and what the handler has done once. */
export function AttemptsTab({ attempts }: { attempts: UseQueryResult<AttemptList, ApiError> }) {
  return (
    <Loaded query={attempts} what="The attempts could not be read">
      {({ items, steps }) => (
        <div className={styles['stack']}>
          {items.length === 0 && (
            <EmptyState title="It has not been run">Its first attempt will stand here.</EmptyState>
          )}
          {items.map((attempt, index) => <Attempt key={index} no={index + 1} attempt={attempt} />).reverse()}
          {steps.length > 0 && (
            <Panel title="Done once">
              <p className="muted">No further attempt does these again.</p>
              <ul className={styles['steps']}>
                {steps.map(({ key, at }) => (
                  <li key={key}>
                    <code>{key}</code> <RelativeTime value={at} precise />
                  </li>
                ))}
              </ul>
            </Panel>
          )}
        </div>
      )}
    </Loaded>
  );
}

function Attempt({ no, attempt }: { no: number; attempt: AttemptDocument }) {
  const { outcome, worker, error, startedAt, endedAt } = attempt;
  return (
    <Panel
      title={`Attempt ${no}`}
      actions={<StateLabel tone={outcomeTone(outcome)}>{OUTCOMES[outcome] ?? outcome}</StateLabel>}
    >
      <p className={styles['attempt']}>
        <span>
          {startedAt === null ? 'Start unknown' : <RelativeTime value={startedAt} precise />}
          {startedAt !== null && (
            <>
              , ran{' '}
              {endedAt === null ? (
                <Since value={startedAt} />
              ) : (
                <Duration ms={Date.parse(endedAt) - Date.parse(startedAt)} />
              )}
            </>
          )}
        </span>
        <span className="muted">{worker === null ? 'by a worker that is long gone' : `by ${worker}`}</span>
      </p>
      {error !== null && <ErrorView error={error} />}
    </Panel>
  );
}
