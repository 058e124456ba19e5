import { getRouteApi, Link } from '@tanstack/react-router';
import type { PastFiringDocument, ScheduleDocument } from '@lovage/http-api';
import { formatJson } from '../../api/json.ts';
import { useFirings, useRecentFirings, useSchedule } from '../../api/queries/schedules.ts';
import { ApiErrorState } from '../../parts/api-error.tsx';
import { QueueLink, TaskLink, TasksLink } from '../../parts/links.tsx';
import { Loaded } from '../../parts/loaded.tsx';
import { TaskStateLabel } from '../../parts/task-state.tsx';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { EmptyState, Skeleton } from '../../ui/feedback.tsx';
import { Notice } from '../../ui/notice.tsx';
import { Details, Page, Panel } from '../../ui/page.tsx';
import type { Column } from '../../ui/table/column.ts';
import { DataTable } from '../../ui/table/data-table.tsx';
import { Duration, RelativeTime } from '../../ui/time/relative-time.tsx';
import { HistoryStrip } from './history-strip.tsx';
import { Moments } from './moments.tsx';
import { ScheduleActs } from './schedule-acts.tsx';
import { catchUpInWords, whenInWords, reasonNot } from './schedule-words.ts';
import styles from './schedule.module.css';

const route = getRouteApi('/frame/schedules/$name');

/** One schedule: what it runs, when next, and all that it fired. */
export function ScheduleScreen() {
  const { name } = route.useParams();
  const query = useSchedule(name);
  return (
    <Page
      title={name}
      about={
        <>
          <Link to="/schedules">Schedules</Link>
          {query.data && ` · ${whenInWords(query.data)}`}
        </>
      }
      actions={query.data && <ScheduleActs schedule={query.data} />}
    >
      <Loaded query={query} what="The schedule could not be read" lines={8}>
        {(schedule) => (
          <>
            <Words schedule={schedule} />
            <div className={styles['columns']}>
              <Panel title="What it is">
                <Details items={detailsOf(schedule)} />
                <CodeBlock code={formatJson(schedule.input, 2)} label="Input" />
              </Panel>
              <Panel title="Next firings">
                <NextFirings schedule={schedule} />
              </Panel>
            </div>
            <History schedule={schedule} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Words({ schedule }: { schedule: ScheduleDocument }) {
  const { paused, seenAt } = schedule;
  const reason = reasonNot(schedule);
  if (reason === undefined) return null;
  return (
    <Notice tone={paused ? 'info' : 'warn'}>
      {reason}
      {paused && (
        <>
          {' '}
          <RelativeTime value={paused.at} />. It does not fire until it is resumed; it can be run by hand.
        </>
      )}
      {!paused && schedule.source === 'code' && !schedule.stated && (
        <>
          , so nobody fires it.{' '}
          {seenAt !== null && (
            <>
              The last one that had was seen <RelativeTime value={seenAt} />.
            </>
          )}{' '}
          Start that beat, or remove the schedule.
        </>
      )}
    </Notice>
  );
}

function detailsOf({ contract, catchUp, options, cron, every, source }: ScheduleDocument) {
  const seconds = (value: number | string | null): React.ReactNode =>
    typeof value === 'number' ? <Duration ms={value * 1_000} /> : value;
  const details: (readonly [string, React.ReactNode])[] = [
    ['Contract', <TasksLink of={{ name: contract }}>{contract}</TasksLink>],
    [
      cron === null ? 'Interval' : 'Pattern',
      cron === null ? <Duration ms={(every ?? 0) * 1_000} /> : <code>{cron}</code>,
    ],
    ['Stated by', source === 'code' ? 'the code of a beat' : 'people, here or by the API'],
    ['Missed moments', catchUpInWords(catchUp)],
    ['Queue', options.queue === null ? 'as the contract says' : <QueueLink name={options.queue} />],
  ];
  if (options.priority !== null) details.push(['Priority', options.priority]);
  if (options.expires !== null) details.push(['Expires after', seconds(options.expires)]);
  if (options.timeLimit !== null) details.push(['Time limit', seconds(options.timeLimit)]);
  if (options.softTimeLimit !== null) details.push(['Soft time limit', seconds(options.softTimeLimit)]);
  if (options.unique !== null && options.unique !== false)
    details.push(['Unique', 'no second task while one has not ended']);
  return details;
}

function NextFirings({ schedule }: { schedule: ScheduleDocument }) {
  if (schedule.nextFirings.length === 0)
    return <p className="muted">{reasonNot(schedule) ?? 'It never fires again'}.</p>;
  return <Moments of={schedule.nextFirings} />;
}

const FIRINGS: readonly Column<PastFiringDocument>[] = [
  {
    key: 'due',
    header: 'Due',
    width: 'minmax(130px, 1fr)',
    phone: 'title',
    cell: ({ dueAt }) => <RelativeTime value={dueAt} precise />,
  },
  {
    key: 'trigger',
    header: 'Fired by',
    width: '120px',
    cell: ({ trigger }) => (trigger === 'manual' ? 'a person' : 'the schedule'),
  },
  {
    key: 'late',
    header: 'Late by',
    align: 'end',
    width: '100px',
    cell: ({ dueAt, firedAt, trigger }) =>
      trigger === 'manual' ? '–' : <Duration ms={Math.max(0, Date.parse(firedAt) - Date.parse(dueAt))} />,
  },
  {
    key: 'state',
    header: 'Became',
    width: '120px',
    cell: ({ task }) => (task ? <TaskStateLabel state={task.state} /> : <span className="muted">deleted by age</span>),
  },
  {
    key: 'ran',
    header: 'Ran',
    align: 'end',
    width: '100px',
    cell: ({ task }) =>
      task?.startedAt && task.finishedAt ? (
        <Duration ms={Math.max(0, Date.parse(task.finishedAt) - Date.parse(task.startedAt))} />
      ) : (
        <span className="muted">–</span>
      ),
  },
  { key: 'task', header: 'Task', width: '140px', cell: ({ taskId }) => <TaskLink id={taskId} /> },
];

function History({ schedule: { name, lastFiring } }: { schedule: ScheduleDocument }) {
  const pages = useFirings(name);
  const recent = useRecentFirings(name, lastFiring?.firedAt ?? null, 48);
  const rows = pages.data?.pages.flatMap(({ items }) => items);
  return (
    <Panel title="History" flush actions={recent.data && <HistoryStrip firings={recent.data.items} />}>
      {rows ? (
        <DataTable
          label="Firings"
          columns={FIRINGS}
          rows={rows}
          rowKey={({ dueAt, trigger }) => `${dueAt} ${trigger}`}
          empty={<EmptyState title="It has not fired yet" />}
          footer={
            pages.hasNextPage && (
              <Button small busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                Show earlier firings
              </Button>
            )
          }
        />
      ) : pages.error ? (
        <ApiErrorState what="The history could not be read" error={pages.error} onRetry={() => void pages.refetch()} />
      ) : (
        <Skeleton />
      )}
    </Panel>
  );
}
